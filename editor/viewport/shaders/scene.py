"""The ray caster: one ray per pixel through a texture of voxels (GLSL 1.20).

A voxel texture holds one byte per voxel: below 16 it is empty and so is every voxel within that many steps (a ray may
leap that far), from 16 on it is solid and the byte less 16 says what it is. Colours leave this pass with the view depth
in metres as their alpha; `FAR` is the sky.
"""

from __future__ import annotations

FULLSCREEN = """
attribute vec2 a_corner;
varying vec2 v_ndc;
void main() {
    v_ndc = a_corner;
    gl_Position = vec4(a_corner, 0.0, 1.0);
}
"""

_INPUTS = """
varying vec2 v_ndc;
uniform sampler3D u_labels;
uniform sampler3D u_flags;
uniform sampler2D u_palette;
uniform vec3 u_size;            // voxels in the textures, along x, y, z
uniform vec3 u_lower;           // corners of the box of voxels that are shown
uniform vec3 u_upper;
uniform vec3 u_texels;          // the textures' (width, height, depth) = (z, y, x), folded
uniform vec2 u_fold;            // voxels along x and y after which a texture goes on in its width
uniform vec3 u_eye;  // where rays start, voxels
uniform float u_start;          // view depth in metres at which they do
uniform vec3 u_eye_right;
uniform vec3 u_eye_up;
uniform vec3 u_ahead;  // voxels they advance per metre of view depth
uniform vec3 u_ahead_right;
uniform vec3 u_ahead_up;
uniform vec3 u_metre;           // metres per voxel
uniform vec2 u_pixel;           // width of a pixel in voxels: at the eye, and its growth per metre of view depth
uniform vec3 u_sun;             // towards the sun, voxels
uniform float u_grid;           // strength of the voxels' edges
uniform vec3 u_flag_lower;  // box of the flagged voxels; empty where there are none
uniform vec3 u_flag_upper;
uniform vec3 u_mask_colour;
uniform vec3 u_cut_colour;      // marks faces where matter was cut open
uniform float u_mask_strength;
uniform vec3 u_ghost_colour;
uniform vec3 u_added_colour;    // what differs between a scene and a proposal
uniform vec3 u_removed_colour;
uniform vec3 u_changed_colour;
uniform vec3 u_sky_high;  // backdrop
uniform vec3 u_sky_low;
uniform vec3 u_floor;
uniform vec2 u_pitch;           // metres between the floor's fine and bold lines
uniform float u_floor_reach;    // metres after which the floor's lines have faded
uniform vec2 u_floor_centre;    // metres from the shown box's corner
uniform vec2 u_floor_origin;    // metres that the lines are moved by
"""

_MARCH = """
// Software rasterizers compute what is inside of an `if` for every pixel, but leave loops that no pixel needs.
#define WHEN(condition) for (int once = (condition) ? 1 : 0; once > 0; once--)

float voxel(sampler3D field, vec3 p) {
#ifdef FOLDED
    vec2 fold = floor((p.xy + 0.5) / u_fold);
    p.z += u_size.z * (fold.y + fold.x * ceil(u_size.y / u_fold.y));
    p.xy -= fold * u_fold;
#endif
    return floor(texture3D(field, (p.zyx + 0.5) * u_texels).r * 255.0 + 0.5);
}

// Follow o + t d from voxel p to something solid (gives its byte) or to t_end (gives 0). Every step leaves the free
// box round p through the plane that is met first; `face` marks that plane's axis.
float march(sampler3D field, vec3 o, vec3 d, vec3 inverse, float t_end, inout float t, inout vec3 p, inout vec3 face) {
    vec3 ahead = step(0.0, d);
    for (int i = 0; i < 1200; i++) {
        float room = voxel(field, p);
        if (room > 15.5) return room;
        vec3 reach = (p - room + ahead * (2.0 * room + 1.0) - o) * inverse;
        float next = min(reach.x, min(reach.y, reach.z));
        if (next >= t_end) return 0.0;
        t = next;
        face = step(reach, vec3(t));
        vec3 inside = clamp(floor(o + d * t), p - room, p + room);
        p = mix(inside, p + (2.0 * ahead - 1.0) * (room + 1.0), face);
    }
    return 0.0;
}

// Go on through the matter that a ray starts in, voxel by voxel, to where it comes out.
void leave(sampler3D field, vec3 o, vec3 d, vec3 inverse, float t_end, inout float t, inout vec3 p, inout vec3 face) {
    vec3 ahead = step(0.0, d);
    for (int i = 0; i < 600; i++) {
        if (voxel(field, p) < 15.5) return;
        vec3 reach = (p + ahead - o) * inverse;
        float next = min(reach.x, min(reach.y, reach.z));
        if (next >= t_end) return;
        t = next;
        face = step(reach, vec3(t));
        p += (2.0 * ahead - 1.0) * face;
    }
}

// Where a ray crosses a box: entry (never behind the eye), exit, and the axis of the entry.
vec2 cross_box(vec3 lower, vec3 upper, vec3 o, vec3 inverse, out vec3 face) {
    vec3 a = (lower - o) * inverse, b = (upper - o) * inverse;
    vec3 near = min(a, b), far = max(a, b);
    float t = max(max(near.x, near.y), max(near.z, 0.0));
    face = step(vec3(t), near) * step(1e-6, t);
    return vec2(t, min(far.x, min(far.y, far.z)));
}

// The voxel in which a ray that has just entered a box starts.
vec3 first_voxel(vec3 lower, vec3 upper, vec3 at, vec3 d, vec3 face) {
    vec3 border = mix(lower, upper - 1.0, step(d, vec3(0.0)));
    return mix(clamp(floor(at), lower, upper - 1.0), border, face);
}

// Unit normal out of a face that was met along one (or, on an edge, several) axes.
vec3 outward(vec3 face, vec3 d) {
    vec3 one = face.z > 0.5 ? vec3(0.0, 0.0, 1.0) : (face.x > 0.5 ? vec3(1.0, 0.0, 0.0) : vec3(0.0, 1.0, 0.0));
    return -sign(d) * one;
}

float within(vec3 p, vec3 lower, vec3 upper) {
    vec3 inside = step(lower - 0.5, p) * step(p, upper - 0.5);
    return inside.x * inside.y * inside.z;
}
"""

_LIGHT = """
float solid(vec3 p) {
    return step(15.5, voxel(u_labels, p)) * within(p, u_lower, u_upper);
}

// Darkening of a face by its eight neighbours in front, blended over it.
float crevice(vec3 front, vec3 a, vec3 b, vec2 uv) {
    float l = solid(front - a), r = solid(front + a), d = solid(front - b), u = solid(front + b);
    float ld = l + d + max(solid(front - a - b), l * d);
    float rd = r + d + max(solid(front + a - b), r * d);
    float lu = l + u + max(solid(front - a + b), l * u);
    float ru = r + u + max(solid(front + a + b), r * u);
    return mix(mix(ld, rd, uv.x), mix(lu, ru, uv.x), uv.y) / 3.0;
}

// Share of the sky that larger things hide, from the free space along the normal.
float shelter(vec3 p, vec3 n, float reach) {
    vec3 q = p + n * reach;
    float room = voxel(u_labels, clamp(q, u_lower, u_upper - 1.0));
    room = room > 15.5 ? 0.0 : room + 1.0;
    return clamp(1.0 - room / reach, 0.0, 1.0) * within(q, u_lower, u_upper);
}

float facing(vec3 n) {
    return dot(max(n, 0.0), vec3(0.84, 0.72, 1.0)) + dot(max(-n, 0.0), vec3(0.64, 0.80, 0.46));
}

float sunlit(vec3 p, vec3 n, vec3 at) {
    vec3 front = p + n;
    if (dot(n, u_sun) <= 0.0) return 0.0;
    if (within(front, u_lower, u_upper) < 0.5) return 1.0;
    vec3 inverse = 1.0 / u_sun;
    vec3 exit = max((u_lower - at) * inverse, (u_upper - at) * inverse);
    float t = 0.0;
    vec3 face = vec3(0.0);
    return 1.0 - step(15.5, march(u_labels, at, u_sun, inverse, min(exit.x, min(exit.y, exit.z)), t, front, face));
}

vec3 lighten(vec3 colour, vec3 p, vec3 n, vec3 a, vec3 b, vec2 uv, vec3 at, float footprint) {
    float shade = facing(n) * (1.0 - 0.48 * crevice(p + n, a, b, uv));
    shade *= 1.0 - 0.22 * shelter(p, n, 3.0) - 0.16 * shelter(p, n, 8.0);
#ifdef SHADOWS
    shade *= mix(0.70, 1.05, sunlit(p, n, at + n * 0.002));
#endif
    vec2 edge = min(uv, 1.0 - uv);
    float width = max(footprint * 0.8, 0.03);
    float line = 1.0 - smoothstep(width * 0.5, width, min(edge.x, edge.y));
    shade *= 1.0 - u_grid * line * clamp(1.0 - footprint * 5.0, 0.0, 1.0);
    return colour * shade * mix(vec3(0.90, 0.96, 1.10), vec3(1.0), clamp(shade, 0.0, 1.0));
}
"""

_FLAGS = """
// Bits of a voxel: 1 masked, 2 new in a proposal; times 4: added (1), removed (2) or changed (3) by it.
float bits(vec3 p) {
    float byte = voxel(u_flags, p);
    return byte > 15.5 ? (byte - 16.0) * within(p, u_flag_lower, u_flag_upper) : 0.0;
}

float masked(vec3 p) { return mod(bits(p), 2.0); }

// 1 near those edges of a face beyond which nothing is masked.
float rim(vec3 p, vec3 a, vec3 b, vec2 uv, float width) {
    float w = clamp(width, 0.10, 0.5);
    float line = (1.0 - masked(p - a)) * step(uv.x, w);
    line = max(line, (1.0 - masked(p + a)) * step(1.0 - w, uv.x));
    line = max(line, (1.0 - masked(p - b)) * step(uv.y, w));
    return max(line, (1.0 - masked(p + b)) * step(1.0 - w, uv.y));
}

float stripes(vec3 at, float pitch) {
    return smoothstep(0.40, 0.50, abs(fract((at.x + at.y + at.z) / pitch) * 2.0 - 1.0));
}

float band(float at) {
    return smoothstep(0.40, 0.50, abs(fract(at / 4.0) * 2.0 - 1.0));
}

// What differs is hatched, one way for each kind; all else loses its colours.
vec3 mark_difference(vec3 colour, float kind, float u, float v) {
    vec3 grey = vec3(dot(colour, vec3(0.30, 0.58, 0.12)));
    vec3 marked = kind < 1.5 ? u_added_colour : (kind < 2.5 ? u_removed_colour : u_changed_colour);
    float rising = band(u + v), falling = band(u - v);
    float hatch = kind < 1.5 ? rising : (kind < 2.5 ? max(rising, falling) : falling);
    return kind < 0.5 ? mix(colour, grey, 0.82) : mix(colour, marked * (0.45 + 0.8 * grey.r), 0.12 + 0.80 * hatch);
}

vec3 mark_surface(vec3 colour, vec3 p, vec3 a, vec3 b, vec2 uv, vec3 at, float footprint) {
    float flags = bits(p);
#ifdef DIFFERING
    colour = mark_difference(colour, floor(flags / 4.0), dot(at, a), dot(at, b));
#else
    colour = mix(colour, u_ghost_colour, 0.10 * step(1.5, mod(flags, 4.0)));
#endif
    WHEN(mod(flags, 2.0) > 0.5) {
        colour = mix(colour, u_mask_colour, (0.34 + 0.26 * stripes(at, 3.0)) * u_mask_strength);
        float edge = rim(p, a, b, uv, footprint * 1.6) * min(u_mask_strength * 1.5, 1.0);
        colour = mix(colour, mix(u_mask_colour, vec3(1.0), 0.6), edge);
    }
    return colour;
}

// Masked air shows as a thin coloured hull.
vec3 mark_air(vec3 colour, vec3 o, vec3 d, vec3 inverse, float t_end) {
    vec3 face;
    vec2 span = cross_box(u_flag_lower, u_flag_upper, o, inverse, face);
    float limit = min(span.y, t_end) - 1e-4, t = span.x;
    WHEN(t < limit) {
        vec3 p = first_voxel(u_flag_lower, u_flag_upper, o + d * t, d, face);
        float byte = march(u_flags, o, d, inverse, limit, t, p, face);
        WHEN(byte > 15.5 && mod(byte - 16.0, 2.0) > 0.5) {
            vec3 n = outward(face, d), at = o + d * t;
            vec3 a = abs(n.x) > 0.5 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0);
            vec3 b = abs(n.z) > 0.5 ? vec3(0.0, 1.0, 0.0) : vec3(0.0, 0.0, 1.0);
            vec2 uv = vec2(dot(at - p, a), dot(at - p, b));
            float cover = mix(0.14, 0.24, stripes(at, 3.0)) * mix(0.8, 1.2, facing(n));
            cover = max(cover, 0.75 * rim(p, a, b, uv, (u_pixel.x + u_pixel.y * t) * 1.6));
            colour = mix(colour, u_mask_colour, min(cover * u_mask_strength, 1.0));
        }
    }
    return colour;
}
"""

_CUT = """
// Hatches a face behind which matter went on before it was cut away; `front` is the voxel before the face.
vec3 mark_cut(vec3 colour, vec3 front, vec3 at) {
    float through = (1.0 - within(front, u_lower, u_upper)) * within(front, vec3(0.0), u_size);
    through *= step(15.5, voxel(u_labels, clamp(front, vec3(0.0), u_size - 1.0)));
    return mix(colour, u_cut_colour, through * mix(0.10, 0.42, stripes(at, 2.0)));
}
"""

_BACKDROP = """
// Lines `pitch` metres apart on the floor, gone where they would blur into each other; `width` is a pixel's in metres.
float lines(vec2 at, vec2 width, float pitch) {
    vec2 away = abs(fract(at / pitch - 0.5) - 0.5) * pitch;
    vec2 line = (1.0 - smoothstep(width * 0.5, width * 1.5, away)) * (1.0 - smoothstep(0.15, 0.45, width / pitch));
    return max(line.x, line.y);
}

vec3 backdrop(vec3 o, vec3 d) {
    vec3 way = d * u_metre;
    float slope = way.z * inversesqrt(dot(way, way));
    vec3 sky = mix(u_sky_low, u_sky_high, smoothstep(-0.35, 0.45, slope));
    float t = -o.z / d.z;
    vec2 at = ((o + d * t) * u_metre).xy - u_floor_centre;
    float fade = smoothstep(1.0, 0.15, length(at) / u_floor_reach) * smoothstep(0.0, 0.12, abs(slope));
    WHEN(t > 0.0 && fade > 0.0) {
        vec2 width = (u_pixel.x + u_pixel.y * t) * u_metre.xy * (1.0 + abs(way.xy / way.z));
        at += u_floor_centre + u_floor_origin;
        sky = mix(sky, u_floor, fade * max(0.4 * lines(at, width, u_pitch.x), lines(at, width, u_pitch.y)));
    }
    return sky;
}
"""

_MAIN = """
void main() {
    vec3 o = u_eye + v_ndc.x * u_eye_right + v_ndc.y * u_eye_up;
    vec3 d = u_ahead + v_ndc.x * u_ahead_right + v_ndc.y * u_ahead_up;
    d += (1.0 - step(vec3(1e-7), abs(d))) * 2e-7;
    vec3 inverse = 1.0 / d, face, colour;
    vec2 span = cross_box(u_lower, u_upper, o, inverse, face);
    float depth = FAR, t = span.x;
    WHEN(span.x < span.y) {
        vec3 p = first_voxel(u_lower, u_upper, o + d * t, d, face);
#ifdef INSIDE
        leave(u_labels, o, d, inverse, span.y, t, p, face);
#endif
        float byte = march(u_labels, o, d, inverse, span.y, t, p, face);
        WHEN(byte > 15.5) {
            vec3 n = outward(face, d), at = o + d * t;
            at = mix(at, p + max(n, 0.0), abs(n));  // exactly on the face, however far the eye is
            vec3 a = abs(n.x) > 0.5 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0);
            vec3 b = abs(n.z) > 0.5 ? vec3(0.0, 1.0, 0.0) : vec3(0.0, 0.0, 1.0);
            vec2 uv = clamp(vec2(dot(at - p, a), dot(at - p, b)), 0.0, 1.0);
            float footprint = u_pixel.x + u_pixel.y * t;
            depth = t;
            colour = texture2D(u_palette, vec2((byte - 15.5) / 256.0, 0.5)).rgb;
#ifndef FLAT
            colour *= byte > 254.5 ? mix(0.75, 1.15, stripes(at, 4.0)) : 1.0;
            colour = lighten(colour, p, n, a, b, uv, at, footprint);
#endif
#ifdef CUT
            colour = mark_cut(colour, p + n, at);
#endif
#ifdef FLAGGED
            colour = mark_surface(colour, p, a, b, uv, at, footprint);
#endif
        }
    }
    WHEN(depth == FAR) colour = backdrop(o, d);
#ifdef FLAGGED
    colour = mark_air(colour, o, d, inverse, min(depth, span.y));
#endif
    gl_FragColor = vec4(colour, depth + u_start);
}
"""

SCENE = "\n#define FAR 1e8\n" + _INPUTS + _MARCH + _LIGHT + _FLAGS + _CUT + _BACKDROP + _MAIN
