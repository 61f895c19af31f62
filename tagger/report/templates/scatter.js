// A scatter plot of many points: drawn by WebGL 2, or on a plain canvas where there is none. Places are within
// 0-1, y upwards; a point without a place (NaN) is not drawn. What is lit lies above what is dim.

const VERTEX = `#version 300 es
in vec2 from, to; in vec4 colour;
uniform float mixed, size, alpha; uniform vec4 view;
out vec4 shade;
void main() {
  gl_Position = vec4(mix(from, to, mixed) * view.xy + view.zw, 0.0, 1.0);
  gl_PointSize = size;
  shade = vec4(colour.rgb, 1.0) * alpha;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade; out vec4 pixel;
uniform float size;
void main() {
  float beyond = (length(gl_PointCoord - 0.5) - 0.5) * size;
  pixel = size < 3.0 ? shade : shade * clamp(0.5 - beyond, 0.0, 1.0);
}`;

const N_CELLS = 200;
const MOVE_MS = 450;
const MOST_ZOOM = 400;
const REST_MS = 160;
const SLOW_MS = 45;

class Points {
  // `colours` has a number into `palette` (such as "#aabbcc") for each point.
  constructor(canvas, colours, palette) {
    this.canvas = canvas;
    this.n = colours.length;
    this.colours = colours;
    this.palette = palette;
    this.from = this.to = new Float32Array(2 * this.n).fill(NaN);
    this.mixed = 1;
    this.order = new Uint32Array(0);
    this.nDim = 0;
    this.gl = canvas.getContext("webgl2", { antialias: false });
    if (this.gl && this.prepare()) {
      canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
      canvas.addEventListener("webglcontextrestored", () => this.prepare());
    } else {
      this.gl = null;
      this.canvas = canvas.cloneNode(); // a canvas keeps to the first kind of drawing that it was asked for
      canvas.replaceWith(this.canvas);
      this.plain = this.canvas.getContext("2d");
    }
  }

  // Gives whether it could be done.
  prepare() {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return false;
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniform = Object.fromEntries(
      ["mixed", "size", "alpha", "view"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffer = Object.fromEntries(["from", "to", "colour"].map((name) => {
      const buffer = gl.createBuffer(), place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      if (name === "colour") gl.vertexAttribPointer(place, 4, gl.UNSIGNED_BYTE, true, 0, 0);
      else gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, 0);
      return [name, buffer];
    }));
    this.indices = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices);
    const rgb = this.palette.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    const bytes = new Uint8Array(4 * this.n);
    for (let i = 0; i < this.n; i++) bytes.set(rgb[this.colours[i]], 4 * i);
    this.send("colour", bytes);
    this.send("from", this.from);
    this.send("to", this.to);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.order, gl.DYNAMIC_DRAW);
    return true;
  }

  send(name, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }

  // What has no place before comes up where it is to be.
  moveTo(places) {
    this.from = this.to.map((value, i) => (Number.isNaN(value) ? places[i] : value));
    this.to = places;
    if (this.gl) {
      this.send("from", this.from);
      this.send("to", this.to);
    }
  }

  light(isLit) {
    const dim = [], lit = [];
    for (let i = 0; i < this.n; i++) if (!Number.isNaN(this.to[2 * i])) (isLit[i] ? lit : dim).push(i);
    this.nDim = dim.length;
    this.order = Uint32Array.from(dim.concat(lit));
    if (this.gl) {
      this.gl.bindBuffer(this.gl.ELEMENT_ARRAY_BUFFER, this.indices);
      this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, this.order, this.gl.DYNAMIC_DRAW);
    }
  }

  // `view`: scale and offset of x and y, from places to −1…1; `size` in device pixels.
  draw(view, size) {
    const { width, height } = this.canvas, nLit = this.order.length - this.nDim;
    if (!this.gl) return this.drawPlain(view, size);
    const gl = this.gl, uniform = this.uniform;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4f(uniform.view, ...view);
    gl.uniform1f(uniform.mixed, this.mixed);
    gl.uniform1f(uniform.size, size);
    gl.uniform1f(uniform.alpha, nLit ? 0.12 : 0.25);
    gl.drawElements(gl.POINTS, this.nDim, gl.UNSIGNED_INT, 0);
    gl.uniform1f(uniform.alpha, 0.85);
    gl.drawElements(gl.POINTS, nLit, gl.UNSIGNED_INT, 4 * this.nDim);
  }

  drawPlain(view, size) {
    const { width, height } = this.canvas, context = this.plain;
    context.clearRect(0, 0, width, height);
    for (let at = 0; at < this.order.length; at++) {
      if (at === 0 || at === this.nDim) context.globalAlpha = at < this.nDim ? 0.12 : 0.85;
      const i = this.order[at];
      const [x, y] = [0, 1].map((axis) => {
        const before = this.from[2 * i + axis];
        return (before + (this.to[2 * i + axis] - before) * this.mixed) * view[axis] + view[2 + axis];
      });
      const [left, top] = [(x + 1) / 2 * width, (1 - y) / 2 * height];
      context.fillStyle = this.palette[this.colours[i]];
      if (size > 4) {
        context.beginPath();
        context.arc(left, top, size / 2, 0, 2 * Math.PI);
        context.fill();
      } else {
        context.fillRect(left - size / 2, top - size / 2, size, size);
      }
    }
  }
}

// Finds the lit point that is nearest, by a grid of cells.
class Grid {
  constructor(places, lit) {
    this.places = places;
    const cellOf = (i) => {
      const [x, y] = [0, 1].map((axis) => Math.min(N_CELLS - 1, Math.floor(places[2 * i + axis] * N_CELLS)));
      return y * N_CELLS + x;
    };
    this.starts = new Uint32Array(N_CELLS * N_CELLS + 1);
    for (const i of lit) this.starts[cellOf(i) + 1]++;
    for (let cell = 0; cell < N_CELLS * N_CELLS; cell++) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.members = new Uint32Array(lit.length);
    for (const i of lit) this.members[next[cellOf(i)]++] = i;
  }

  // `radius` is that of an ellipse [x, y] in places; gives -1 where nothing is.
  nearest(x, y, radius) {
    const clamped = (at) => Math.min(N_CELLS - 1, Math.max(0, Math.floor(at * N_CELLS)));
    let best = -1, bestFar = 1;
    for (let row = clamped(y - radius[1]); row <= clamped(y + radius[1]); row++) {
      for (let column = clamped(x - radius[0]); column <= clamped(x + radius[0]); column++) {
        const cell = row * N_CELLS + column;
        for (let at = this.starts[cell]; at < this.starts[cell + 1]; at++) {
          const i = this.members[at];
          const far = ((this.places[2 * i] - x) / radius[0]) ** 2 + ((this.places[2 * i + 1] - y) / radius[1]) ** 2;
          if (far < bestFar) [best, bestFar] = [i, far];
        }
      }
    }
    return best;
  }
}

// The plot: points, axes, and what the hand does. `on.hover(i, x, y)` and `on.click(i)` get the number of a point
// or -1, `on.box([x0, y0], [x1, y1])` the corners of a chosen box in places.
class Plot {
  constructor(canvas, overlay, colours, palette, on) {
    this.points = new Points(canvas, colours, palette);
    this.canvas = this.points.canvas;
    this.overlay = overlay;
    this.pen = overlay.getContext("2d");
    this.on = on;
    this.marked = -1;
    this.nSlow = 0; // pictures in turn that took long
    this.isChoosing = false;
    this.pointers = new Map();
    this.isLit = new Uint8Array(colours.length).fill(1);
    this.reset();
    new ResizeObserver(() => { if (!this.isPrinted) this.fit(); }).observe(overlay);
    this.listen();
  }

  // `layout`: places, how far x and y may be stretched, and the ticks [place, label] of its axes.
  show(layout) {
    this.layout = layout;
    this.points.moveTo(layout.places);
    this.light(this.isLit);
    this.reset();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const began = performance.now();
    const step = () => {
      this.points.mixed = still ? 1 : Math.min(1, (performance.now() - began) / MOVE_MS);
      this.draw();
      if (this.points.mixed < 1) requestAnimationFrame(step);
    };
    this.points.mixed = 0;
    step();
  }

  light(isLit) {
    this.isLit = isLit;
    this.points.light(isLit);
    this.grid = null;
    this.draw();
  }

  mark(i) {
    if (i === this.marked || !this.layout) return;
    this.marked = i;
    this.paintOverlay();
  }

  reset() {
    [this.x, this.y, this.zoom] = [0.5, 0.5, 1];
    this.draw();
  }

  fit() {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    const { clientWidth, clientHeight } = this.overlay;
    for (const each of [this.canvas, this.overlay]) {
      each.width = Math.max(1, Math.round(clientWidth * this.ratio));
      each.height = Math.max(1, Math.round(clientHeight * this.ratio));
    }
    this.paint();
  }

  // On paper the map is as it was on the screen. Its points are copied above it, for WebGL is not always printed.
  print(isPrinted) {
    this.isPrinted = isPrinted;
    if (!isPrinted) return this.fit();
    this.paint();
    this.pen.globalCompositeOperation = "destination-over";
    this.pen.drawImage(this.canvas, 0, 0, this.overlay.clientWidth, this.overlay.clientHeight);
    this.pen.globalCompositeOperation = "source-over";
  }

  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => { this.isDue = false; this.paint(); });
  }

  // As `draw`, while the hand moves the map. Where the computer draws it slowly, having no graphics card, the last
  // picture is moved, and drawn anew when the hand rests.
  drawMoving() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => { this.isMoving = false; this.draw(); }, REST_MS);
    this.isMoving = true;
    this.draw();
  }

  // CSS pixels of one unit of place, for x and y, and the edge that is left for labels.
  get scales() {
    const edge = this.layout && this.layout.ticks ? 34 : 12;
    const [width, height] = [this.overlay.clientWidth - 2 * edge, this.overlay.clientHeight - 2 * edge];
    const most = this.layout ? this.layout.mostStretched : 1;
    return [Math.min(width, most * height), Math.min(height, most * width)].map((side) => side * this.zoom);
  }

  toScreen(x, y) {
    const [across, up] = this.scales;
    return [(x - this.x) * across + this.overlay.clientWidth / 2, (this.y - y) * up + this.overlay.clientHeight / 2];
  }

  toPlace(left, top) {
    const [across, up] = this.scales;
    return [(left - this.overlay.clientWidth / 2) / across + this.x, this.y - (top - this.overlay.clientHeight / 2) / up];
  }

  paint() {
    if (!this.layout || !this.overlay.clientWidth) return;
    if (this.isMoving && this.nSlow > 2) this.movePicture();
    else this.paintPoints();
    this.paintOverlay();
  }

  paintPoints() {
    const [across, up] = this.scales;
    const [x, y] = [2 * across / this.overlay.clientWidth, 2 * up / this.overlay.clientHeight];
    this.points.draw([x, y, -this.x * x, -this.y * y], this.size * this.ratio);
    this.canvas.style.transform = "";
    this.pictured = [this.x, this.y, this.zoom];
    const began = performance.now();
    requestAnimationFrame(() => { this.nSlow = performance.now() - began > SLOW_MS ? this.nSlow + 1 : 0; });
  }

  movePicture() {
    const [x, y, zoom] = this.pictured, [left, top] = this.toScreen(x, y);
    const [right, down] = [left - this.overlay.clientWidth / 2, top - this.overlay.clientHeight / 2];
    this.canvas.style.transform = `translate(${right}px, ${down}px) scale(${this.zoom / zoom})`;
  }

  // Of a point, in CSS pixels: larger where they are few, or near.
  get size() {
    return Math.max(2, Math.min(16, 28 / this.points.n ** 0.22 * this.zoom ** 0.35));
  }

  paintOverlay() {
    const pen = this.pen, style = getComputedStyle(this.overlay);
    const { clientWidth: width, clientHeight: height } = this.overlay;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `12px ${style.fontFamily}`;
    pen.fillStyle = pen.strokeStyle = this.isPrinted ? "#555" : style.getPropertyValue("--soft");
    if (this.layout.ticks) this.paintTicks(pen, width, height);
    if (this.layout.has(this.marked)) this.paintMark(pen);
    if (this.box) {
      const [[x0, y0], [x1, y1]] = this.box.map((corner) => this.toScreen(...corner));
      pen.strokeStyle = style.getPropertyValue("--accent");
      pen.lineWidth = 1.5;
      pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
  }

  paintMark(pen) {
    const [x, y] = this.toScreen(...this.layout.places.subarray(2 * this.marked, 2 * this.marked + 2));
    pen.beginPath();
    pen.arc(x, y, this.size + 2, 0, 2 * Math.PI);
    pen.fillStyle = this.points.palette[this.points.colours[this.marked]];
    pen.fill();
    pen.lineWidth = 2;
    pen.stroke();
  }

  paintTicks(pen, width, height) {
    pen.lineWidth = 1;
    const line = (...ends) => {
      pen.globalAlpha = 0.25;
      pen.beginPath();
      pen.moveTo(ends[0], ends[1]);
      pen.lineTo(ends[2], ends[3]);
      pen.stroke();
      pen.globalAlpha = 1;
    };
    pen.textAlign = "center";
    for (const [at, label] of this.layout.ticks.x) {
      const left = this.toScreen(at, 0)[0];
      line(left, 0, left, height);
      pen.fillText(label, left, height - 6);
    }
    pen.textAlign = "left";
    for (const [at, label] of this.layout.ticks.y) {
      const top = this.toScreen(0, at)[1];
      line(0, top, width, top);
      pen.fillText(label, 5, top - 4);
    }
    pen.textAlign = "right";
    pen.fillText(this.layout.names[0], width - 6, height - 20);
    pen.fillText(this.layout.names[1], width - 6, 16);
  }

  pick(left, top, reach) {
    if (!this.layout) return -1;
    this.grid ||= new Grid(this.layout.places, this.points.order.subarray(this.points.nDim));
    const [across, up] = this.scales;
    return this.grid.nearest(...this.toPlace(left, top), [reach / across, reach / up]);
  }

  moveBy(left, top) {
    const [across, up] = this.scales;
    this.x = Math.min(1, Math.max(0, this.x - left / across));
    this.y = Math.min(1, Math.max(0, this.y + top / up));
    this.drawMoving();
  }

  zoomBy(factor, left = this.overlay.clientWidth / 2, top = this.overlay.clientHeight / 2) {
    const [x, y] = this.toPlace(left, top);
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const [across, up] = this.scales;
    this.x = x - (left - this.overlay.clientWidth / 2) / across;
    this.y = y + (top - this.overlay.clientHeight / 2) / up;
    this.moveBy(0, 0);
  }

  listen() {
    const overlay = this.overlay;
    let moved = 0, scrolled = -Infinity;
    addEventListener("scroll", () => { scrolled = performance.now(); }, { passive: true });
    overlay.addEventListener("wheel", (event) => {
      if (performance.now() - scrolled < 300) return; // the page is being scrolled past the map
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.offsetX, event.offsetY);
    }, { passive: false });
    overlay.addEventListener("pointerdown", (event) => {
      overlay.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      moved = this.pointers.size > 1 ? Infinity : 0;
      const corner = this.toPlace(event.offsetX, event.offsetY);
      if ((this.isChoosing || event.shiftKey) && this.layout.ticks && this.pointers.size === 1) this.box = [corner, corner];
    });
    overlay.addEventListener("pointermove", (event) => {
      const before = this.pointers.get(event.pointerId), here = [event.offsetX, event.offsetY];
      if (!before) return this.on.hover(this.pick(...here, 14), ...here);
      moved += Math.abs(here[0] - before[0]) + Math.abs(here[1] - before[1]);
      if (this.box) {
        this.box[1] = this.toPlace(...here);
        this.draw();
      } else if (this.pointers.size === 2) {
        this.pinch(event.pointerId, before, here);
      } else {
        this.moveBy(here[0] - before[0], here[1] - before[1]);
      }
      this.pointers.set(event.pointerId, here);
    });
    const end = (event) => {
      if (!this.pointers.delete(event.pointerId)) return;
      const box = this.box;
      this.box = null;
      if (event.type === "pointercancel") return this.draw();
      if (box && moved > 8) return this.on.box(...box);
      if (moved <= 6) this.on.click(this.pick(event.offsetX, event.offsetY, event.pointerType === "mouse" ? 14 : 26));
    };
    overlay.addEventListener("pointerup", end);
    overlay.addEventListener("pointercancel", end);
    overlay.addEventListener("pointerleave", () => this.on.hover(-1, 0, 0));
    overlay.addEventListener("keydown", (event) => {
      const act = {
        ArrowLeft: () => this.moveBy(40, 0), ArrowRight: () => this.moveBy(-40, 0),
        ArrowUp: () => this.moveBy(0, 40), ArrowDown: () => this.moveBy(0, -40),
        "+": () => this.zoomBy(1.4), "-": () => this.zoomBy(1 / 1.4), 0: () => this.reset(),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
  }

  pinch(id, before, here) {
    const other = [...this.pointers].find(([each]) => each !== id)[1];
    const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
    this.zoomBy(apart(here) / apart(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
    this.moveBy((here[0] - before[0]) / 2, (here[1] - before[1]) / 2);
  }
}
