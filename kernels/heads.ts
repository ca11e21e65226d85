/*
 * The arithmetic of training, in AssemblyScript: compiled by `npm run build:kernels` into
 * src/platform/model-runtime/heads.wasm, which is committed and compared with a fresh build by the tests.
 *
 * Base SIMD only, with an exponential of our own: the same bytes in give the same bytes out on every machine.
 * Pointers are byte offsets into the imported memory, which the caller lays out (above `heapBase`); counts are
 * elements. Columns are padded by the caller to a multiple of 8 (PAD in heads.ts of the service), pads are zeros.
 */

/** Score of a padded column: it has next to no part in the sum. */
const NEVER: f32 = -1e30;

/** First byte that is free: static data lies below. */
export function heapBase(): usize {
  return __heap_base;
}

/** Whole numbers of less than 2^22 as integers: added to this one, they are its last digits. Much faster than a conversion. */
function wholeOf(n: v128): v128 {
  const large = f32x4.splat(12582912);
  return i32x4.sub(f32x4.add(n, large), large);
}

/** e^x of four numbers, relative error below 2e-7 (Cephes expf: 2^n * polynomial on [-ln2/2, ln2/2]). */
function exp4(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(88)), f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(wholeOf(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Scores -> probabilities in place, 0 in the pads; returns ln of the sum of exponentials. */
function softmax(scores: usize, classes: i32, stride: i32): f64 {
  for (let c = classes; c < stride; c++) store<f32>(scores + ((<usize>c) << 2), NEVER);
  const end = scores + ((<usize>stride) << 2);
  let most4 = v128.load(scores);
  for (let at = scores + 16; at < end; at += 16) most4 = f32x4.pmax(most4, v128.load(at));
  const most = max(
    max(f32x4.extract_lane(most4, 0), f32x4.extract_lane(most4, 1)),
    max(f32x4.extract_lane(most4, 2), f32x4.extract_lane(most4, 3)),
  );
  let total4 = f32x4.splat(0);
  for (let at = scores; at < end; at += 16) {
    const e = exp4(f32x4.sub(v128.load(at), f32x4.splat(most)));
    v128.store(at, e);
    total4 = f32x4.add(total4, e);
  }
  const total = sum4(total4);
  const inverse = f32x4.splat(1 / total);
  for (let at = scores; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), inverse));
  // Else subnormal numbers, which some processors multiply many times slower.
  for (let c = classes; c < stride; c++) store<f32>(scores + ((<usize>c) << 2), 0);
  return <f64>most + NativeMath.log(<f64>total);
}

/* ---- What is learnt: a class (softmax and cross entropy) or a number (one sum and its squared error) ---- */

/** Word of a problem that says which: 0 a class, and targets are i32; 1 a number, and targets are f32. */
const LOSS_AT: usize = 48;

function learnsNumbers(problem: usize): bool {
  return load<i32>(problem + LOSS_AT) == 1;
}

/**
 * Sums of one row -> the gradient of its loss with respect to them, in place; returns the loss. A number is the first
 * sum, its loss (sum - truth)^2 / 2; the pads after it have no part in it.
 */
function differentiate(sums: usize, target: usize, classes: i32, stride: i32, isNumber: bool): f64 {
  if (isNumber) {
    const off = load<f32>(sums) - load<f32>(target);
    memory.fill(sums, 0, (<usize>stride) << 2);
    store<f32>(sums, off);
    return (<f64>off * <f64>off) / 2;
  }
  const truth = sums + ((<usize>load<i32>(target)) << 2);
  const score = load<f32>(truth);
  const loss = softmax(sums, classes, stride) - <f64>score;
  store<f32>(truth, load<f32>(truth) - 1);
  return loss;
}

/* ---- Sparse rows: linear models with one gradient step a row ---- */

/** scores = scale * sum over the row's features of weight * table row. */
function addSparse(
  from: usize,
  to: usize,
  ids: usize,
  weights: usize,
  table: usize,
  stride: i32,
  scale: f32,
  scores: usize,
): void {
  const bytes = (<usize>stride) << 2;
  memory.fill(scores, 0, bytes);
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const at = i << 2;
    const t0 = table + <usize>load<i32>(ids + at) * bytes;
    const t1 = table + <usize>load<i32>(ids + at, 4) * bytes;
    const t2 = table + <usize>load<i32>(ids + at, 8) * bytes;
    const t3 = table + <usize>load<i32>(ids + at, 12) * bytes;
    const w0 = v128.load32_splat(weights + at);
    const w1 = v128.load32_splat(weights + at, 4);
    const w2 = v128.load32_splat(weights + at, 8);
    const w3 = v128.load32_splat(weights + at, 12);
    for (let c: usize = 0; c < bytes; c += 16) {
      const a = f32x4.add(f32x4.mul(w0, v128.load(t0 + c)), f32x4.mul(w1, v128.load(t1 + c)));
      const b = f32x4.add(f32x4.mul(w2, v128.load(t2 + c)), f32x4.mul(w3, v128.load(t3 + c)));
      v128.store(scores + c, f32x4.add(v128.load(scores + c), f32x4.add(a, b)));
    }
  }
  for (; i < to; i++) {
    const t = table + <usize>load<i32>(ids + (i << 2)) * bytes;
    const w = v128.load32_splat(weights + (i << 2));
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(scores + c, f32x4.add(v128.load(scores + c), f32x4.mul(w, v128.load(t + c))));
    }
  }
  const s = f32x4.splat(scale);
  for (let c: usize = 0; c < bytes; c += 16) v128.store(scores + c, f32x4.mul(s, v128.load(scores + c)));
}

/** Each table row of a row's features += step * weight * gradient. Four at once: the gradient is read a quarter as often. */
function addToRows(
  from: usize,
  to: usize,
  ids: usize,
  weights: usize,
  table: usize,
  bytes: usize,
  step: f32,
  gradient: usize,
): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const at = i << 2;
    const t0 = table + <usize>load<i32>(ids + at) * bytes;
    const t1 = table + <usize>load<i32>(ids + at, 4) * bytes;
    const t2 = table + <usize>load<i32>(ids + at, 8) * bytes;
    const t3 = table + <usize>load<i32>(ids + at, 12) * bytes;
    const w0 = f32x4.splat(step * load<f32>(weights + at));
    const w1 = f32x4.splat(step * load<f32>(weights + at, 4));
    const w2 = f32x4.splat(step * load<f32>(weights + at, 8));
    const w3 = f32x4.splat(step * load<f32>(weights + at, 12));
    for (let c: usize = 0; c < bytes; c += 16) {
      const g = v128.load(gradient + c);
      v128.store(t0 + c, f32x4.add(v128.load(t0 + c), f32x4.mul(w0, g)));
      v128.store(t1 + c, f32x4.add(v128.load(t1 + c), f32x4.mul(w1, g)));
      v128.store(t2 + c, f32x4.add(v128.load(t2 + c), f32x4.mul(w2, g)));
      v128.store(t3 + c, f32x4.add(v128.load(t3 + c), f32x4.mul(w3, g)));
    }
  }
  for (; i < to; i++) {
    const t = table + <usize>load<i32>(ids + (i << 2)) * bytes;
    const w = f32x4.splat(step * load<f32>(weights + (i << 2)));
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(t + c, f32x4.add(v128.load(t + c), f32x4.mul(w, v128.load(gradient + c))));
    }
  }
}

function scaleTable(table: usize, length: usize, scale: f32): void {
  const s = f32x4.splat(scale);
  const end = table + (length << 2);
  for (let at = table; at < end; at += 16) v128.store(at, f32x4.mul(s, v128.load(at)));
}

/**
 * The words of a sparse problem, each an i32: 0 starts, 1 ids, 2 weights, 3 targets, 4 importance, 5 table,
 * 6 table length, 7 classes, 8 stride, 9 scores (stride floats), 12 the loss. Byte 40: the scale of the table, f64.
 */
const SCALE_AT: usize = 40;
const SMALLEST_SCALE: f64 = 1e-6;

function word(problem: usize, index: usize): usize {
  return <usize>load<u32>(problem + (index << 2));
}

/** One gradient step for each of `count` rows in the given order; returns the sum of the losses before each step. */
export function learnSparse(problem: usize, order: usize, count: i32, rate: f64, l2: f64): f64 {
  const starts = word(problem, 0);
  const ids = word(problem, 1);
  const weights = word(problem, 2);
  const targets = word(problem, 3);
  const importances = word(problem, 4);
  const table = word(problem, 5);
  const classes = <i32>word(problem, 7);
  const stride = <i32>word(problem, 8);
  const scores = word(problem, 9);
  const bytes = (<usize>stride) << 2;
  const isNumber = learnsNumbers(problem);
  let scale = load<f64>(problem + SCALE_AT);
  let loss: f64 = 0;
  for (let o = 0; o < count; o++) {
    const row = (<usize>load<i32>(order + ((<usize>o) << 2))) << 2;
    const from = <usize>load<i32>(starts + row);
    const to = <usize>load<i32>(starts + row, 4);
    const importance = load<f32>(importances + row);
    addSparse(from, to, ids, weights, table, stride, <f32>scale, scores);
    loss += <f64>importance * differentiate(scores, targets + row, classes, stride, isNumber);

    scale *= 1 - min<f64>(0.5, rate * l2);
    const step = <f32>(-rate / scale) * importance;
    addToRows(from, to, ids, weights, table, bytes, step, scores);
    if (scale < SMALLEST_SCALE) {
      scaleTable(table, word(problem, 6), <f32>scale);
      scale = 1;
    }
  }
  store<f64>(problem + SCALE_AT, scale);
  return loss;
}

/** Multiplies the scale into the table. */
export function settleSparse(problem: usize): void {
  scaleTable(word(problem, 5), word(problem, 6), <f32>load<f64>(problem + SCALE_AT));
  store<f64>(problem + SCALE_AT, 1);
}

/** Probabilities of one row, or its number, left in `scores`. */
export function scoreSparse(problem: usize, row: i32): void {
  const starts = word(problem, 0) + ((<usize>row) << 2);
  const stride = <i32>word(problem, 8);
  const scores = word(problem, 9);
  const scale = <f32>load<f64>(problem + SCALE_AT);
  addSparse(
    load<i32>(starts),
    load<i32>(starts, 4),
    word(problem, 1),
    word(problem, 2),
    word(problem, 5),
    stride,
    scale,
    scores,
  );
  if (!learnsNumbers(problem)) softmax(scores, <i32>word(problem, 7), stride);
}

/* ---- Dense networks: relu between the layers, softmax or a number at the end, Adam ---- */

/**
 * C[m x n] = A[m x k] B[k x n] (+ bias of n). A is read at a + i * rowBytes + l * columnBytes, so that it may be transposed.
 * m a multiple of 4, n a multiple of 8. Four rows by eight columns stay in registers.
 */
function multiply(
  a: usize,
  rowBytes: usize,
  columnBytes: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
): void {
  const width = (<usize>n) << 2;
  for (let i = 0; i < m; i += 4) {
    for (let j: usize = 0; j < width; j += 32) {
      const b0 = bias == 0 ? f32x4.splat(0) : v128.load(bias + j);
      const b1 = bias == 0 ? f32x4.splat(0) : v128.load(bias + j, 16);
      let c00 = b0,
        c01 = b1,
        c10 = b0,
        c11 = b1,
        c20 = b0,
        c21 = b1,
        c30 = b0,
        c31 = b1;
      let a0 = a + <usize>i * rowBytes;
      let a1 = a0 + rowBytes;
      let a2 = a1 + rowBytes;
      let a3 = a2 + rowBytes;
      let at = b + j;
      for (let l = 0; l < k; l++) {
        const r0 = v128.load(at);
        const r1 = v128.load(at, 16);
        const x0 = v128.load32_splat(a0);
        c00 = f32x4.add(c00, f32x4.mul(x0, r0));
        c01 = f32x4.add(c01, f32x4.mul(x0, r1));
        const x1 = v128.load32_splat(a1);
        c10 = f32x4.add(c10, f32x4.mul(x1, r0));
        c11 = f32x4.add(c11, f32x4.mul(x1, r1));
        const x2 = v128.load32_splat(a2);
        c20 = f32x4.add(c20, f32x4.mul(x2, r0));
        c21 = f32x4.add(c21, f32x4.mul(x2, r1));
        const x3 = v128.load32_splat(a3);
        c30 = f32x4.add(c30, f32x4.mul(x3, r0));
        c31 = f32x4.add(c31, f32x4.mul(x3, r1));
        at += width;
        a0 += columnBytes;
        a1 += columnBytes;
        a2 += columnBytes;
        a3 += columnBytes;
      }
      const to = c + <usize>i * width + j;
      v128.store(to, c00);
      v128.store(to, c01, 16);
      v128.store(to + width, c10);
      v128.store(to + width, c11, 16);
      v128.store(to + 2 * width, c20);
      v128.store(to + 2 * width, c21, 16);
      v128.store(to + 3 * width, c30);
      v128.store(to + 3 * width, c31, 16);
    }
  }
}

/**
 * The words of a dense problem, each an i32: 0 layers, 1 rows, 2 targets, 3 importance, 4 parameters, 5 gradients,
 * 6 first moments, 7 second moments, 8 parameter count, 9 how many of them are kernels (which decay; they come first),
 * 10 classes, 11 place of one batch of rows, 12 the loss, 13 room for the gradients once more. From word 16 on, eight a layer:
 * 0 inputs (padded), 1 units (padded), 2 kernel and 3 bias (index of the first parameter), 4 sums and 5 their gradients
 * (batch x units), 6 lists by row (batch x (units + 1)), 7 lists by unit (units x (BLOCK + 1)).
 */
const FIRST_LAYER: usize = 16;

function layerOf(problem: usize, depth: i32): usize {
  return problem + ((FIRST_LAYER + ((<usize>depth) << 3)) << 2);
}

/** Copies rows into the batch and fills it up with zeros to a multiple of four; returns that multiple. */
function gather(problem: usize, order: usize, count: i32): i32 {
  const rows = word(problem, 1);
  const batch = word(problem, 11);
  const bytes = word(layerOf(problem, 0), 0) << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(batch + <usize>i * bytes, rows + <usize>load<i32>(order + ((<usize>i) << 2)) * bytes, bytes);
  }
  const padded = (count + 3) & ~3;
  memory.fill(batch + <usize>count * bytes, 0, <usize>(padded - count) * bytes);
  return padded;
}

/*
 * What relu left at 0 takes no part in what comes after it, neither forward nor backward: about half of a layer, which is
 * not looked at. A list is its length and then indexes, ascending, so that sums have the same bits as without lists.
 */

/** Rows that go backward together: what they need stays in the fastest memory. */
const BLOCK: i32 = 32;

/** Relu, and by row the units that are not 0 after it. */
function relu(layer: usize, rows: i32): void {
  const zero = f32x4.splat(0);
  const units = word(layer, 1);
  const bytes = units << 2;
  let values = word(layer, 4);
  let list = word(layer, 6);
  for (let i = 0; i < rows; i++) {
    for (let at: usize = 0; at < bytes; at += 16) v128.store(values + at, f32x4.pmax(v128.load(values + at), zero));
    let end = list + 4;
    for (let j: usize = 0; j < units; j++) {
      store<i32>(end, <i32>j);
      // By its bits but for the sign: what is no number is not 0.
      end += load<i32>(values + (j << 2)) << 1 != 0 ? 4 : 0;
    }
    store<i32>(list, <i32>((end - list - 4) >> 2));
    values += bytes;
    list += 4 + bytes;
  }
}

/** By unit of a layer the rows of a block, counted from its first, in which it is not 0. */
function listByUnit(layer: usize, from: usize, rows: i32): void {
  const units = word(layer, 1);
  const lists = word(layer, 7);
  const stride = (<usize>(BLOCK + 1)) << 2;
  for (let j: usize = 0; j < units; j++) store<i32>(lists + j * stride, 0);
  let list = word(layer, 6) + from * (4 + (units << 2));
  for (let i = 0; i < rows; i++) {
    const end = endOf(list);
    for (let at = list + 4; at < end; at += 4) {
      const own = lists + <usize>load<i32>(at) * stride;
      const length = load<i32>(own) + 1;
      store<i32>(own, length);
      store<i32>(own + ((<usize>length) << 2), i);
    }
    list += 4 + (units << 2);
  }
}

function endOf(list: usize): usize {
  return list + 4 + ((<usize>load<i32>(list)) << 2);
}

/**
 * to += sum over the list of weight * row, of `bytes` each, a multiple of 32.
 * @param weightStride bytes between the weights of neighbours; the same of rows
 */
function addListed(
  list: usize,
  weights: usize,
  weightStride: usize,
  rows: usize,
  rowStride: usize,
  to: usize,
  bytes: usize,
): void {
  let c: usize = 0;
  for (; c + 128 <= bytes; c += 128) addListed32(list, weights, weightStride, rows + c, rowStride, to + c);
  for (; c + 64 <= bytes; c += 64) addListed16(list, weights, weightStride, rows + c, rowStride, to + c);
  if (c < bytes) addListed8(list, weights, weightStride, rows + c, rowStride, to + c);
}

/*
 * Of 32 numbers, of 16, of 8. They are exported although nobody calls them from outside, so that the compiler leaves them
 * alone: in a loop around theirs V8 of Node 20 moves sums to the stack and back in each turn (a seventh of a step's time).
 */

export function addListed32(
  list: usize,
  weights: usize,
  weightStride: usize,
  rows: usize,
  rowStride: usize,
  to: usize,
): void {
  const end = endOf(list);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
  for (list += 4; list < end; list += 4) {
    const i = <usize>load<i32>(list);
    const w = v128.load32_splat(weights + i * weightStride);
    const r = rows + i * rowStride;
    s0 = f32x4.add(s0, f32x4.mul(w, v128.load(r)));
    s1 = f32x4.add(s1, f32x4.mul(w, v128.load(r, 16)));
    s2 = f32x4.add(s2, f32x4.mul(w, v128.load(r, 32)));
    s3 = f32x4.add(s3, f32x4.mul(w, v128.load(r, 48)));
    s4 = f32x4.add(s4, f32x4.mul(w, v128.load(r, 64)));
    s5 = f32x4.add(s5, f32x4.mul(w, v128.load(r, 80)));
    s6 = f32x4.add(s6, f32x4.mul(w, v128.load(r, 96)));
    s7 = f32x4.add(s7, f32x4.mul(w, v128.load(r, 112)));
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
  v128.store(to, s4, 64);
  v128.store(to, s5, 80);
  v128.store(to, s6, 96);
  v128.store(to, s7, 112);
}

export function addListed16(
  list: usize,
  weights: usize,
  weightStride: usize,
  rows: usize,
  rowStride: usize,
  to: usize,
): void {
  const end = endOf(list);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  for (list += 4; list < end; list += 4) {
    const i = <usize>load<i32>(list);
    const w = v128.load32_splat(weights + i * weightStride);
    const r = rows + i * rowStride;
    s0 = f32x4.add(s0, f32x4.mul(w, v128.load(r)));
    s1 = f32x4.add(s1, f32x4.mul(w, v128.load(r, 16)));
    s2 = f32x4.add(s2, f32x4.mul(w, v128.load(r, 32)));
    s3 = f32x4.add(s3, f32x4.mul(w, v128.load(r, 48)));
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
}

export function addListed8(
  list: usize,
  weights: usize,
  weightStride: usize,
  rows: usize,
  rowStride: usize,
  to: usize,
): void {
  const end = endOf(list);
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  for (list += 4; list < end; list += 4) {
    const i = <usize>load<i32>(list);
    const w = v128.load32_splat(weights + i * weightStride);
    const r = rows + i * rowStride;
    s0 = f32x4.add(s0, f32x4.mul(w, v128.load(r)));
    s1 = f32x4.add(s1, f32x4.mul(w, v128.load(r, 16)));
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

/** Sums of every layer; those before the last one after relu. */
function forward(problem: usize, padded: i32): void {
  const layers = <i32>word(problem, 0);
  const parameters = word(problem, 4);
  for (let depth = 0; depth < layers; depth++) {
    const layer = layerOf(problem, depth);
    const inputs = <i32>word(layer, 0);
    const units = <i32>word(layer, 1);
    const sums = word(layer, 4);
    const kernel = parameters + (word(layer, 2) << 2);
    const bias = parameters + (word(layer, 3) << 2);
    if (depth == 0) multiply(word(problem, 11), (<usize>inputs) << 2, 4, kernel, sums, padded, units, inputs, bias);
    else multiplyListed(layerOf(problem, depth - 1), kernel, sums, padded, units, bias);
    if (depth < layers - 1) relu(layer, padded);
  }
}

/** C[rows x units] = what a layer left after relu, times a kernel, + bias. */
function multiplyListed(before: usize, kernel: usize, c: usize, rows: i32, units: i32, bias: usize): void {
  const width = word(before, 1) << 2;
  const bytes = (<usize>units) << 2;
  let input = word(before, 4);
  let list = word(before, 6);
  for (let i = 0; i < rows; i++) {
    memory.copy(c, bias, bytes);
    addListed(list, input, 4, kernel, bytes, c, bytes);
    input += width;
    list += 4 + width;
    c += bytes;
  }
}

/** Probabilities of `count` rows, or their numbers, left in the sums of the last layer (row after row, padded units apart). */
export function answerDense(problem: usize, order: usize, count: i32): void {
  forward(problem, gather(problem, order, count));
  if (learnsNumbers(problem)) return;
  const last = layerOf(problem, <i32>word(problem, 0) - 1);
  const stride = <i32>word(last, 1);
  for (let i = 0; i < count; i++)
    softmax(word(last, 4) + ((<usize>i * <usize>stride) << 2), <i32>word(problem, 10), stride);
}

/** Leaves importance / count times the gradient of each row's loss in the last layer's; returns the sum of the losses. */
function residuals(problem: usize, order: usize, count: i32, padded: i32): f64 {
  const last = layerOf(problem, <i32>word(problem, 0) - 1);
  const stride = <i32>word(last, 1);
  const bytes = (<usize>stride) << 2;
  const targets = word(problem, 2);
  const importances = word(problem, 3);
  const classes = <i32>word(problem, 10);
  const isNumber = learnsNumbers(problem);
  let loss: f64 = 0;
  memory.copy(word(last, 5), word(last, 4), <usize>padded * bytes);
  for (let i = 0; i < count; i++) {
    const row = (<usize>load<i32>(order + ((<usize>i) << 2))) << 2;
    const scores = word(last, 5) + <usize>i * bytes;
    const importance = load<f32>(importances + row);
    loss += <f64>importance * differentiate(scores, targets + row, classes, stride, isNumber);
    const share = f32x4.splat(importance / <f32>count);
    for (let c: usize = 0; c < bytes; c += 16) v128.store(scores + c, f32x4.mul(share, v128.load(scores + c)));
  }
  memory.fill(word(last, 5) + <usize>count * bytes, 0, <usize>(padded - count) * bytes);
  return loss;
}

/** Gradients of all parameters. */
function backward(problem: usize, padded: i32): void {
  const layers = <i32>word(problem, 0);
  const gradients = word(problem, 5);
  if (layers == 1) differentiateOnly(problem, layerOf(problem, 0), padded);
  else differentiateBlocks(problem, layers, padded);
  for (let depth = 0; depth < layers; depth++) {
    const layer = layerOf(problem, depth);
    sumRows(word(layer, 5), gradients + (word(layer, 3) << 2), padded, <i32>word(layer, 1));
  }
}

/** Gradient of the kernel of a layer that has none before it and none after it: nothing of it is left out. */
function differentiateOnly(problem: usize, layer: usize, padded: i32): void {
  const inputs = word(layer, 0);
  const kernel = word(problem, 5) + (word(layer, 2) << 2);
  multiply(word(problem, 11), 4, inputs << 2, word(layer, 5), kernel, <i32>inputs, <i32>word(layer, 1), padded, 0);
}

/** Gradients of the kernels of several layers, block by block. */
function differentiateBlocks(problem: usize, layers: i32, padded: i32): void {
  const gradients = word(problem, 5);
  const turned = word(problem, 13);
  const last = word(layerOf(problem, layers - 1), 2) << 2;
  memory.fill(turned, 0, last);
  memory.fill(gradients + last, 0, (word(problem, 9) << 2) - last);
  for (let from = 0; from < padded; from += BLOCK) blockBackward(problem, from, min(padded - from, BLOCK));
  for (let depth = 0; depth < layers - 1; depth++) {
    const layer = layerOf(problem, depth);
    const kernel = word(layer, 2) << 2;
    transpose(turned + kernel, gradients + kernel, <i32>word(layer, 1), <i32>word(layer, 0));
  }
}

/**
 * Adds what a block of rows says to the gradients of the kernels, from the last layer to the first. Those before the last
 * one are added up turned over: they have something only where one of their units is not 0.
 */
function blockBackward(problem: usize, from: usize, rows: i32): void {
  const last = <i32>word(problem, 0) - 1;
  for (let depth = last; depth >= 0; depth--) {
    const layer = layerOf(problem, depth);
    const width = word(layer, 0) << 2;
    const bytes = word(layer, 1) << 2;
    const kernel = word(layer, 2) << 2;
    const delta = word(layer, 5) + from * bytes;
    if (depth == 0) {
      addByUnit(layer, delta, bytes, word(problem, 11) + from * width, width, word(problem, 13) + kernel);
      return;
    }
    const before = layerOf(problem, depth - 1);
    const input = word(before, 4) + from * width;
    listByUnit(before, from, rows);
    if (depth == last) addByUnit(before, input, width, delta, bytes, word(problem, 5) + kernel);
    else addByUnit(layer, delta, bytes, input, width, word(problem, 13) + kernel);
    passBack(delta, word(problem, 4) + kernel, before, from, rows, bytes);
  }
}

/** For each unit of a layer: to += sum of weight * row over the rows in which it is not 0; `to` has a row for each unit. */
function addByUnit(layer: usize, weights: usize, weightStride: usize, rows: usize, rowBytes: usize, to: usize): void {
  const lists = word(layer, 7);
  const stride = (<usize>(BLOCK + 1)) << 2;
  for (let j: usize = 0; j < word(layer, 1); j++)
    addListed(lists + j * stride, weights + (j << 2), weightStride, rows, rowBytes, to + j * rowBytes, rowBytes);
}

/** Gradients of the sums of the layer before: those of this one times its kernel turned over, where relu lets them pass. */
function passBack(delta: usize, kernel: usize, before: usize, from: usize, rows: i32, bytes: usize): void {
  const width = word(before, 1) << 2;
  let to = word(before, 5) + from * width;
  let list = word(before, 6) + from * (4 + width);
  memory.fill(to, 0, <usize>rows * width);
  for (let i = 0; i < rows; i++) {
    const end = endOf(list);
    let at = list + 4;
    for (; at + 16 <= end; at += 16) multiplyFour(delta, kernel, at, to, bytes);
    for (; at < end; at += 4) {
      const unit = <usize>load<i32>(at);
      store<f32>(to + (unit << 2), product(delta, kernel + unit * bytes, bytes));
    }
    delta += bytes;
    to += width;
    list += 4 + width;
  }
}

/** Products of a row with four rows of a kernel, those that are listed from `at` on: side by side, as one alone waits for itself. */
function multiplyFour(x: usize, kernel: usize, at: usize, to: usize, bytes: usize): void {
  const i0 = <usize>load<i32>(at);
  const i1 = <usize>load<i32>(at, 4);
  const i2 = <usize>load<i32>(at, 8);
  const i3 = <usize>load<i32>(at, 12);
  const r0 = kernel + i0 * bytes;
  const r1 = kernel + i1 * bytes;
  const r2 = kernel + i2 * bytes;
  const r3 = kernel + i3 * bytes;
  let s0 = f32x4.splat(0),
    s1 = s0,
    s2 = s0,
    s3 = s0;
  for (let c: usize = 0; c < bytes; c += 16) {
    const value = v128.load(x + c);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(r0 + c)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(r1 + c)));
    s2 = f32x4.add(s2, f32x4.mul(value, v128.load(r2 + c)));
    s3 = f32x4.add(s3, f32x4.mul(value, v128.load(r3 + c)));
  }
  store<f32>(to + (i0 << 2), sum4(s0));
  store<f32>(to + (i1 << 2), sum4(s1));
  store<f32>(to + (i2 << 2), sum4(s2));
  store<f32>(to + (i3 << 2), sum4(s3));
}

/** The product of two rows. */
function product(a: usize, b: usize, bytes: usize): f32 {
  let sum = f32x4.splat(0);
  for (let c: usize = 0; c < bytes; c += 16) sum = f32x4.add(sum, f32x4.mul(v128.load(a + c), v128.load(b + c)));
  return sum4(sum);
}

/** b = a turned over. Multiples of 8, by squares of 8: what is near each other in memory is written soon after. */
function transpose(a: usize, b: usize, rows: i32, columns: i32): void {
  const from = (<usize>columns) << 2;
  const to = (<usize>rows) << 2;
  for (let l: usize = 0; l < from; l += 32) {
    for (let i: usize = 0; i < to; i += 32) {
      const one = a + (i >> 2) * from + l;
      const other = b + (l >> 2) * to + i;
      turn4(one, from, other, to);
      turn4(one + 16, from, other + 4 * to, to);
      turn4(one + 4 * from, from, other + 16, to);
      turn4(one + 4 * from + 16, from, other + 4 * to + 16, to);
    }
  }
}

/** A square of four by four. */
function turn4(a: usize, from: usize, b: usize, to: usize): void {
  const r0 = v128.load(a);
  const r1 = v128.load(a + from);
  const r2 = v128.load(a + 2 * from);
  const r3 = v128.load(a + 3 * from);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(b, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(b + to, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(b + 2 * to, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(b + 3 * to, v128.shuffle<i64>(high01, high23, 1, 3));
}

function sumRows(rows: usize, to: usize, count: i32, units: i32): void {
  const width = (<usize>units) << 2;
  for (let c: usize = 0; c < width; c += 16) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < count; i++) sum = f32x4.add(sum, v128.load(rows + <usize>i * width + c));
    v128.store(to + c, sum);
  }
}

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;

/* Numbers of Adam, in memory: what V8 knows to be constant it makes anew in each turn of a loop (a third of its time). */
const BETAS = memory.data<f32>([BETA1, 1 - BETA1, BETA2, 1 - BETA2]);
const EPSILON = memory.data<f32>([1e-7]);
const RATE = memory.data<f32>([0]);
const DECAY = memory.data<f32>([0]);

/** One step of Adam (Kingma and Ba 2015, arXiv 1412.6980, end of section 2: the bias correction is in `rate`). */
function adam(problem: usize, from: usize, to: usize, rate: f32, l2: f32): void {
  const parameters = word(problem, 4);
  const gradients = word(problem, 5);
  const firsts = word(problem, 6);
  const seconds = word(problem, 7);
  store<f32>(RATE, rate);
  store<f32>(DECAY, l2);
  const beta1 = v128.load32_splat(BETAS);
  const rest1 = v128.load32_splat(BETAS, 4);
  const beta2 = v128.load32_splat(BETAS, 8);
  const rest2 = v128.load32_splat(BETAS, 12);
  const epsilon = v128.load32_splat(EPSILON);
  const step = v128.load32_splat(RATE);
  const decay = v128.load32_splat(DECAY);
  for (let at = from << 2; at < to << 2; at += 16) {
    const value = v128.load(parameters + at);
    const gradient = f32x4.add(v128.load(gradients + at), f32x4.mul(decay, value));
    const first = f32x4.add(f32x4.mul(beta1, v128.load(firsts + at)), f32x4.mul(rest1, gradient));
    const second = f32x4.add(
      f32x4.mul(beta2, v128.load(seconds + at)),
      f32x4.mul(rest2, f32x4.mul(gradient, gradient)),
    );
    v128.store(firsts + at, first);
    v128.store(seconds + at, second);
    const change = f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.sqrt(second), epsilon));
    v128.store(parameters + at, f32x4.sub(value, change));
  }
}

/** Gradients of mean(importance * cross entropy) over a batch, without the decay; returns the sum of the losses. */
export function differentiateDense(problem: usize, order: usize, count: i32): f64 {
  const padded = gather(problem, order, count);
  forward(problem, padded);
  const loss = residuals(problem, order, count, padded);
  backward(problem, padded);
  return loss;
}

/** One step on a batch: `rate` is the learning rate with Adam's bias correction in it. Returns the sum of the losses. */
export function learnDense(problem: usize, order: usize, count: i32, rate: f32, l2: f32): f64 {
  const loss = differentiateDense(problem, order, count);
  const kernels = word(problem, 9);
  adam(problem, 0, kernels, rate, l2);
  adam(problem, kernels, word(problem, 8), rate, 0);
  return loss;
}
