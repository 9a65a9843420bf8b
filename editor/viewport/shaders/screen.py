"""From the ray caster's picture to the window: outlines, depth for what is drawn on top, and those drawings."""

from __future__ import annotations

COMPOSITE = """
varying vec2 v_ndc;
uniform sampler2D u_picture;    // colour, view depth in metres
uniform vec2 u_texel;           // size of a texel of the picture
uniform vec4 u_depth;           // (a, b, c, d): depth in the window's range is (a z + b) / (c z + d)
uniform float u_outline;        // strength
uniform float u_sky;            // 0 where nothing is shown instead of the sky

// Nearness is linear over every plane, so only true creases and silhouettes bend it.
float nearness(float z) {
    return u_depth.z > 0.5 ? 1.0 / z : -z * 0.02;
}

float bend(vec2 at, vec2 way, float here) {
    float one = nearness(texture2D(u_picture, at + way).a), other = nearness(texture2D(u_picture, at - way).a);
    return max(0.0, one + other - 2.0 * here);
}

// Colour times its alpha, and alpha.
vec4 outlined(vec2 at) {
    vec4 here = texture2D(u_picture, at);
    float near = nearness(here.a);
    float sum = bend(at, vec2(u_texel.x, 0.0), near) + bend(at, vec2(0.0, u_texel.y), near);
    float relative = u_depth.z > 0.5 ? sum / max(near, 1e-4) : sum * 1.5;
    float line = u_outline * smoothstep(0.004, 0.05, relative);
    float cover = here.a > 1e7 ? u_sky : 1.0;
    return vec4(here.rgb * (1.0 - line) * cover, mix(line, 1.0, cover));
}

void main() {
    vec2 at = v_ndc * 0.5 + 0.5;
#ifdef FINE
    vec2 corner = floor(at / u_texel - 0.5) * u_texel + 0.5 * u_texel;
    vec4 colour = outlined(corner) + outlined(corner + vec2(u_texel.x, 0.0));
    colour += outlined(corner + vec2(0.0, u_texel.y)) + outlined(corner + u_texel);
    gl_FragColor = colour * 0.25;
#else
    gl_FragColor = outlined(at);
#endif
    float z = texture2D(u_picture, at).a;
    gl_FragDepth = z > 1e7 ? 1.0 : clamp((u_depth.x * z + u_depth.y) / (u_depth.z * z + u_depth.w), 0.0, 1.0);
}
"""

STROKE_VERTEX = """
attribute vec3 a_start;
attribute vec3 a_end;
attribute vec2 a_side;          // which end (0 or 1), which side (-1 or 1)
attribute vec4 a_colour;
uniform mat4 u_matrix;
uniform vec2 u_window;          // pixels
uniform float u_width;          // pixels
varying vec4 v_colour;
varying float v_across;
void main() {
    vec4 a = u_matrix * vec4(a_start, 1.0), b = u_matrix * vec4(a_end, 1.0);
    float small = 1e-3;
    if (a.w < small && b.w > a.w) a = mix(a, b, (small - a.w) / (b.w - a.w));
    if (b.w < small && a.w > b.w) b = mix(b, a, (small - b.w) / (a.w - b.w));
    vec2 way = (b.xy / b.w - a.xy / a.w) * u_window;
    way = dot(way, way) > 1e-12 ? normalize(way) : vec2(1.0, 0.0);
    vec4 here = a_side.x < 0.5 ? a : b;
    float reach = u_width * 0.5 + 1.0;
    here.xy += vec2(-way.y, way.x) * a_side.y * reach * 2.0 / u_window * here.w;
    here.z -= 2e-5 * here.w;
    v_across = a_side.y * reach;
    v_colour = a_colour;
    gl_Position = here;
}
"""

STROKE_FRAGMENT = """
varying vec4 v_colour;
varying float v_across;
uniform float u_width;
uniform float u_opacity;
void main() {
    float cover = clamp(u_width * 0.5 + 0.5 - abs(v_across), 0.0, 1.0);
    gl_FragColor = vec4(v_colour.rgb, v_colour.a * cover * u_opacity);
}
"""

FACET_VERTEX = """
attribute vec3 a_place;
attribute vec4 a_colour;
uniform mat4 u_matrix;
varying vec4 v_colour;
void main() {
    v_colour = a_colour;
    gl_Position = u_matrix * vec4(a_place, 1.0);
}
"""

FACET_FRAGMENT = """
varying vec4 v_colour;
uniform float u_opacity;
void main() { gl_FragColor = vec4(v_colour.rgb, v_colour.a * u_opacity); }
"""
