//! The dots of messages by WebGL2: the shader puts each where its time has brought it, so a frame sends the clock, and how
//! solid the dots of each way are where that changed.
//!
//! What is sent, and what the shader does with it, is core's `view::Upload`. A context that the browser takes away comes back
//! with nothing in it; until then everything is drawn on the canvas.

use std::cell::Cell;
use std::rc::Rc;

use faaslab_core::share::Renderer;
use faaslab_core::sim::stage::FlightKind;
use faaslab_core::view::{FlightNumbers, FrameOptions, Ink, Layout, Playback, Upload, Viewport, kind_number};
use gloo::events::{EventListener, EventListenerOptions};
use js_sys::{Float32Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    HtmlCanvasElement, WebGl2RenderingContext as Context, WebGlBuffer, WebGlProgram, WebGlShader, WebGlTexture,
    WebGlUniformLocation, WebGlVertexArrayObject,
};
use yew::Callback;

use super::draw::rgb;

/// Whether dots are drawn by WebGL2 here: always if that is asked for and there is one, by itself only with a GPU.
pub(super) fn uses_gpu(asked: Renderer) -> bool {
    let canvas = || web_sys::window()?.document()?.create_element("canvas").ok()?.dyn_into::<HtmlCanvasElement>().ok();
    let works = |insists| canvas().and_then(|c| context(&c, insists)).map(let_go).is_some();
    match asked {
        Renderer::Auto => works(false),
        Renderer::WebGl => works(true),
        Renderer::Canvas => false,
    }
}

/// A browser has few contexts; one that only served to ask is given back.
fn let_go(context: Context) {
    if let Ok(Some(extension)) = context.get_extension("WEBGL_lose_context") {
        let lose = Reflect::get(&extension, &"loseContext".into()).ok().and_then(|f| f.dyn_into::<js_sys::Function>().ok());
        let _ = lose.map(|f| f.call0(&extension));
    }
}

/// What software that draws without a GPU is called.
const SOFTWARE: [&str; 4] = ["swiftshader", "llvmpipe", "softpipe", "software"];

/// A WebGL2 context; unless it is insisted on, only one that is not slow.
fn context(canvas: &HtmlCanvasElement, insists: bool) -> Option<Context> {
    let options = Object::new();
    for (name, value) in [("antialias", false), ("depth", false), ("failIfMajorPerformanceCaveat", !insists)] {
        Reflect::set(&options, &name.into(), &JsValue::from(value)).ok()?;
    }
    let context: Context = canvas.get_context_with_context_options("webgl2", &options).ok()??.dyn_into().ok()?;
    // Not every browser tells by failing that it has no GPU.
    let name = context.get_extension("WEBGL_debug_renderer_info").ok().flatten();
    let name = name.and_then(|_| context.get_parameter(UNMASKED_RENDERER).ok()?.as_string()).unwrap_or_default().to_lowercase();
    (insists || !SOFTWARE.iter().any(|s| name.contains(s))).then_some(context)
}

/// The parameter of the extension that names what draws.
const UNMASKED_RENDERER: u32 = 0x9246;

/// Numbers in a row of a texture.
const ROW: usize = 1024;
/// Corners of the band that is the tail of an offload.
const TAIL_CORNERS: i32 = 12;

/// Draws dots on a canvas of its own.
pub(crate) struct Gl {
    canvas: HtmlCanvasElement,
    context: Context,
    /// Whether the browser has not taken the context away.
    alive: Rc<Cell<bool>>,
    made: Option<Parts>,
    upload: Option<(Upload, Rc<Layout>)>,
    solid: Vec<f32>,
    solid_sent: Vec<f32>,
    size: (f64, f64, f64),
    colour: [f32; 3],
    least_stroke: f32,
    _listeners: [EventListener; 2],
}

/// What lives in the context.
struct Parts {
    program: WebGlProgram,
    dots: (WebGlVertexArrayObject, WebGlBuffer),
    tails: (WebGlVertexArrayObject, WebGlBuffer),
    textures: [WebGlTexture; 3],
    places: Places,
}

/// Where the shaders' uniforms are.
struct Places {
    now: Option<WebGlUniformLocation>,
    view: Option<WebGlUniformLocation>,
    screen: Option<WebGlUniformLocation>,
    radius: Option<WebGlUniformLocation>,
    stroke: Option<WebGlUniformLocation>,
    steps: Option<WebGlUniformLocation>,
    tail: Option<WebGlUniformLocation>,
    colour: Option<WebGlUniformLocation>,
}

impl Gl {
    /// Draws on a canvas; nothing if the browser has no WebGL2. `changed` hears when the context was lost or is back.
    pub(crate) fn new(canvas: HtmlCanvasElement, changed: Callback<()>) -> Option<Gl> {
        let context = context(&canvas, true)?;
        let works = Rc::new(Cell::new(true));
        let (lost, back) = (Rc::clone(&works), Rc::clone(&works));
        let (on_lost, on_back) = (changed.clone(), changed);
        let active = EventListenerOptions::enable_prevent_default();
        let listeners = [
            EventListener::new_with_options(&canvas, "webglcontextlost", active, move |event| {
                // Without this it never comes back.
                event.prevent_default();
                lost.set(false);
                on_lost.emit(());
            }),
            EventListener::new(&canvas, "webglcontextrestored", move |_| {
                back.set(true);
                on_back.emit(());
            }),
        ];
        let made = Parts::new(&context)?;
        Some(Gl {
            canvas,
            context,
            alive: works,
            made: Some(made),
            upload: None,
            solid: vec![],
            solid_sent: vec![],
            size: (0.0, 0.0, 1.0),
            colour: [0.0; 3],
            least_stroke: 0.0,
            _listeners: listeners,
        })
    }

    /// Whether it can draw; what was in a context that was lost is made again.
    pub(crate) fn works(&mut self) -> bool {
        if !self.alive.get() {
            (self.made, self.upload) = (None, None);
        } else if self.made.is_none() {
            self.made = Parts::new(&self.context);
        }
        self.made.is_some()
    }

    /// Takes another colour of what travels.
    pub(crate) fn set_theme(&mut self, theme: &faaslab_core::view::Theme) {
        self.colour = rgb(theme.colour(Ink::Travelling)).map(|c| f32::from(c) / 255.0);
        self.least_stroke = theme.least_stroke as f32;
    }

    /// Fits the canvas to a size in CSS pixels and a device pixel ratio.
    pub(crate) fn resize(&mut self, width: f64, height: f64, ratio: f64) {
        if self.size != (width, height, ratio) {
            self.size = (width, height, ratio);
            self.canvas.set_width((width * ratio).round() as u32);
            self.canvas.set_height((height * ratio).round() as u32);
        }
    }

    /// Another window is shown: its messages are sent with the next frame.
    pub(crate) fn forget(&mut self) {
        self.upload = None;
    }

    /// Draws nothing.
    pub(crate) fn clear(&self) {
        self.context.clear_color(0.0, 0.0, 0.0, 0.0);
        self.context.clear(Context::COLOR_BUFFER_BIT);
    }

    /// Draws the messages of an instant.
    pub(crate) fn draw(&mut self, playback: &Playback, t_ns: u64, layout: &Rc<Layout>, view: &Viewport, options: &FrameOptions) {
        let Some(parts) = &self.made else { return };
        let c = &self.context;
        if self.upload.as_ref().is_none_or(|(_, of)| !Rc::ptr_eq(of, layout)) {
            let upload = playback.upload(layout);
            parts.send(c, &upload);
            self.solid_sent.clear();
            self.upload = Some((upload, Rc::clone(layout)));
        }
        let Some((upload, _)) = &self.upload else { return };
        self.solid.clear();
        playback.solidity(t_ns, layout, view, options, &mut self.solid);
        if self.solid != self.solid_sent {
            texture(c, 2, &parts.textures[2], &self.solid, 1);
            self.solid_sent.clone_from(&self.solid);
        }
        let (width, height, ratio) = self.size;
        c.viewport(0, 0, self.canvas.width() as i32, self.canvas.height() as i32);
        self.clear();
        if self.solid.iter().all(|s| *s == 0.0) {
            return;
        }
        c.use_program(Some(&parts.program));
        c.enable(Context::BLEND);
        c.blend_func(Context::ONE, Context::ONE_MINUS_SRC_ALPHA);
        let p = &parts.places;
        c.uniform1f(p.now.as_ref(), upload.clock(t_ns));
        c.uniform3f(p.view.as_ref(), view.x as f32, view.y as f32, view.scale as f32);
        c.uniform3f(p.screen.as_ref(), width as f32, height as f32, ratio as f32);
        c.uniform1f(p.radius.as_ref(), Upload::radius(view.scale) as f32);
        c.uniform1f(p.stroke.as_ref(), (Upload::HOLLOW_STROKE as f32).max(self.least_stroke));
        c.uniform1f(p.steps.as_ref(), if options.reduced_motion { Upload::STEPS as f32 } else { 0.0 });
        c.uniform3f(p.colour.as_ref(), self.colour[0], self.colour[1], self.colour[2]);
        for (unit, of) in (0..).zip(&parts.textures) {
            c.active_texture(Context::TEXTURE0 + unit);
            c.bind_texture(Context::TEXTURE_2D, Some(of));
        }
        c.uniform1f(p.tail.as_ref(), 1.0_f32.max(self.least_stroke));
        let tails = upload.on_their_way(&upload.offloads, t_ns);
        if !tails.is_empty() {
            c.bind_vertex_array(Some(&parts.tails.0));
            pointers(c, &parts.tails.1, tails.start, 1);
            c.draw_arrays_instanced(Context::TRIANGLE_STRIP, 0, TAIL_CORNERS, tails.len() as i32);
        }
        c.uniform1f(p.tail.as_ref(), 0.0);
        let dots = upload.on_their_way(&upload.flights, t_ns);
        c.bind_vertex_array(Some(&parts.dots.0));
        pointers(c, &parts.dots.1, dots.start, 0);
        c.draw_arrays(Context::POINTS, 0, dots.len() as i32);
        c.bind_vertex_array(None);
    }
}

/// Says where the numbers of messages are, from one of them on; with a divisor of 1 every instance takes the next, else every
/// point.
fn pointers(c: &Context, buffer: &WebGlBuffer, first: usize, divisor: u32) {
    let stride = size_of::<FlightNumbers>() as i32;
    c.bind_buffer(Context::ARRAY_BUFFER, Some(buffer));
    for (place, offset) in [(0, 0), (1, 16)] {
        c.enable_vertex_attrib_array(place);
        c.vertex_attrib_pointer_with_i32(place, 4, Context::FLOAT, false, stride, first as i32 * stride + offset);
        c.vertex_attrib_divisor(place, divisor);
    }
}

/// Fills a texture with numbers, so many in a texel.
fn texture(c: &Context, unit: u32, texture: &WebGlTexture, numbers: &[f32], in_texel: usize) {
    let rows = numbers.len().div_ceil(ROW * in_texel).max(1);
    let mut whole = numbers.to_vec();
    whole.resize(rows * ROW * in_texel, 0.0);
    let (inner, format) = if in_texel == 1 { (Context::R32F, Context::RED) } else { (Context::RGBA32F, Context::RGBA) };
    c.active_texture(Context::TEXTURE0 + unit);
    c.bind_texture(Context::TEXTURE_2D, Some(texture));
    let data = Float32Array::from(whole.as_slice());
    // These formats are always there, and the array has as many numbers as the texture.
    let _ = c.tex_image_2d_with_i32_and_i32_and_i32_and_format_and_type_and_opt_array_buffer_view(
        Context::TEXTURE_2D,
        0,
        inner as i32,
        ROW as i32,
        rows as i32,
        0,
        format,
        Context::FLOAT,
        Some(&data),
    );
}

impl Parts {
    fn new(c: &Context) -> Option<Parts> {
        let program = c.create_program()?;
        for (kind, text) in [(Context::VERTEX_SHADER, vertex_shader()), (Context::FRAGMENT_SHADER, fragment_shader())] {
            c.attach_shader(&program, &shader(c, kind, &text)?);
        }
        c.link_program(&program);
        if !c.get_program_parameter(&program, Context::LINK_STATUS).is_truthy() {
            web_sys::console::warn_1(&c.get_program_info_log(&program).unwrap_or_default().into());
            return None;
        }
        let array = || Some((c.create_vertex_array()?, c.create_buffer()?));
        let (dots, tails) = (array()?, array()?);
        let textures = [c.create_texture()?, c.create_texture()?, c.create_texture()?];
        for texture in &textures {
            c.bind_texture(Context::TEXTURE_2D, Some(texture));
            for filter in [Context::TEXTURE_MIN_FILTER, Context::TEXTURE_MAG_FILTER] {
                c.tex_parameteri(Context::TEXTURE_2D, filter, Context::NEAREST as i32);
            }
        }
        c.use_program(Some(&program));
        for (unit, name) in (0..).zip(["ways", "points", "solid"]) {
            c.uniform1i(c.get_uniform_location(&program, name).as_ref(), unit);
        }
        let place = |name| c.get_uniform_location(&program, name);
        let places = Places {
            now: place("now"),
            view: place("view"),
            screen: place("screen"),
            radius: place("radius"),
            stroke: place("stroke"),
            steps: place("steps"),
            tail: place("tail"),
            colour: place("colour"),
        };
        Some(Parts { program, dots, tails, textures, places })
    }

    /// Sends what does not change while a window is shown.
    fn send(&self, c: &Context, upload: &Upload) {
        for (buffer, flights) in [(&self.dots.1, &upload.flights), (&self.tails.1, &upload.offloads)] {
            c.bind_buffer(Context::ARRAY_BUFFER, Some(buffer));
            let data = Float32Array::from(flights.as_flattened());
            c.buffer_data_with_array_buffer_view(Context::ARRAY_BUFFER, &data, Context::STATIC_DRAW);
        }
        texture(c, 0, &self.textures[0], upload.ways.as_flattened(), 4);
        texture(c, 1, &self.textures[1], upload.points.as_flattened(), 4);
    }
}

fn shader(c: &Context, kind: u32, text: &str) -> Option<WebGlShader> {
    let shader = c.create_shader(kind)?;
    c.shader_source(&shader, text);
    c.compile_shader(&shader);
    if c.get_shader_parameter(&shader, Context::COMPILE_STATUS).is_truthy() {
        return Some(shader);
    }
    web_sys::console::warn_1(&c.get_shader_info_log(&shader).unwrap_or_default().into());
    None
}

/// Puts a message where its time has brought it: what a test of core's `view::Upload` does too, step by step.
fn vertex_shader() -> String {
    let constants = constants(&[
        ("LANE", Upload::LANE),
        ("BEND", Upload::BEND),
        ("BEND_UP_TO", Upload::BEND_UP_TO),
        ("TAIL", Upload::TAIL),
        ("OFFLOAD", kind_number(FlightKind::Offload).into()),
    ]);
    format!(
        "#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
{constants}
layout(location = 0) in vec4 flight; // start, duration, way, kind
layout(location = 1) in vec4 ends;
uniform float now;
uniform vec3 view;
uniform vec3 screen;
uniform float radius;
uniform float steps;
uniform float tail; // how wide tails are, or that these are dots
uniform sampler2D ways;
uniform sampler2D points;
uniform sampler2D solid;
flat out float kind;
flat out float solidity;

ivec2 place(int i) {{ return ivec2(i % {ROW}, i / {ROW}); }}

vec2 right(vec2 a, vec2 b, vec2 p, float lane) {{
  vec2 d = b - a;
  return p + vec2(-d.y, d.x) / max(length(d), 1e-6) * lane;
}}

vec2 on_path(int first, int count, float gone, float lane) {{
  int i = 1;
  while (i < count - 1 && texelFetch(points, place(first + i), 0).z <= gone) i++;
  vec3 a = texelFetch(points, place(first + i - 1), 0).xyz;
  vec2 b = texelFetch(points, place(first + i), 0).xy;
  return right(a.xy, b, mix(a.xy, b, (gone - a.z) / max(distance(a.xy, b), 1e-6)), lane);
}}

vec2 at(float share) {{
  vec2 from = ends.xy, to = ends.zw;
  float lane = LANE;
  if (flight.w == OFFLOAD) lane += BEND * min(distance(from, to) * view.z, BEND_UP_TO) * 4.0 * share * (1.0 - share);
  lane /= view.z;
  vec4 way = texelFetch(ways, place(int(flight.z)), 0);
  int first = int(way.x), count = int(way.y);
  if (count < 2) return right(from, to, mix(from, to, share), lane);
  vec2 begin = texelFetch(points, place(first), 0).xy, end = texelFetch(points, place(first + count - 1), 0).xy;
  float before = distance(from, begin), after = distance(end, to);
  float gone = share * (before + way.z + after);
  if (gone < before) return mix(from, on_path(first, count, 0.0, lane), gone / before);
  if (gone < before + way.z || after <= 0.0) return on_path(first, count, gone - before, lane);
  return mix(on_path(first, count, way.z, lane), to, (gone - before - way.z) / after);
}}

vec2 pixel(float share) {{ return (at(share) - view.xy) * view.z; }}

void main() {{
  kind = flight.w;
  solidity = texelFetch(solid, place(int(flight.z)), 0).r;
  float share = (now - flight.x) / flight.y;
  gl_PointSize = (2.0 * radius + 2.0) * screen.z;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (!(share >= 0.0 && share < 1.0) || solidity == 0.0) return;
  if (steps > 0.0) share = (floor(share * steps) + 0.5) / steps;
  vec2 p;
  if (tail > 0.0) {{
    float span = min(TAIL / max(distance(ends.xy, ends.zw) * view.z, 1.0), share);
    float s = share - span * (1.0 - float(gl_VertexID / 2) / 5.0);
    vec2 q = pixel(s), d = pixel(s + 0.001) - pixel(s - 0.001);
    p = q + vec2(-d.y, d.x) / max(length(d), 1e-6) * tail * (float(gl_VertexID % 2) - 0.5);
  }} else {{
    p = pixel(share);
  }}
  gl_Position = vec4(p / screen.xy * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
}}
"
    )
}

/// Fills a dot: a disc, or a ring for what carries only words.
fn fragment_shader() -> String {
    let constants = constants(&[
        ("INSET", Upload::HOLLOW_INSET),
        ("TAIL_ALPHA", Upload::TAIL_ALPHA),
        ("RETURNING", Upload::RETURNING),
        ("RESULT", kind_number(FlightKind::Result).into()),
        ("CONTROL", kind_number(FlightKind::Control).into()),
    ]);
    format!(
        "#version 300 es
precision highp float;
{constants}
uniform vec3 screen;
uniform float radius;
uniform float stroke;
uniform float tail;
uniform vec3 colour;
flat in float kind;
flat in float solidity;
out vec4 pixel;

void main() {{
  float alpha = TAIL_ALPHA;
  if (tail == 0.0) {{
    float away = length(gl_PointCoord - 0.5) * (2.0 * radius + 2.0);
    float inside = kind == CONTROL ? 0.5 * stroke - abs(away - (radius - INSET)) : radius - away;
    alpha = clamp(inside * screen.z + 0.5, 0.0, 1.0) * (kind == RESULT ? RETURNING : 1.0);
  }}
  pixel = vec4(colour, 1.0) * alpha * solidity;
}}
"
    )
}

fn constants(all: &[(&str, f64)]) -> String {
    all.iter().map(|(name, value)| format!("const float {name} = {value:?};\n")).collect()
}
