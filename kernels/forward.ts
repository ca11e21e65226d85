/*
 * Convolutions, normalisation and means forward, in AssemblyScript: compiled by `npm run build:kernels` into
 * src/platform/model-runtime/forward.wasm, which is committed and compared with a fresh build by the tests. Images are
 * [height, width, channels], filters [height, width, channels in, channels out], never dilated; a convolution is of one
 * image, and its answers have whole eights of channels. Base SIMD only: the same bytes in give the same bytes out on
 * every machine.
 *
 * They work in the memory of TensorFlow.js, so that images are not copied. Static data would overwrite what lies there:
 * there must be none, so no function is a value here.
 *
 * Functions that keep their sums in registers are exported although nobody calls them from outside: the compiler puts
 * others into their callers, where V8 runs short of registers (half as long again on Node 20).
 */
import {
  bytesOf,
  FILTER,
  FILTER_HEIGHT,
  FILTER_WIDTH,
  IMAGE,
  IN_CHANNELS,
  IN_HEIGHT,
  IN_WIDTH,
  OUT_CHANNELS,
  OUT_HEIGHT,
  OUT_WIDTH,
  PAD_LEFT,
  PAD_TOP,
  place,
  STRIDE_ACROSS,
  STRIDE_DOWN,
  TO,
  word,
} from './parts/problem';

/* What else a problem has. Answers lie between two limits, as relu wants it; there is room for what is made of an image. */
const BIAS = 15;
const ROOM = 16;
const PANELS = 17;
const PICKS = 18;
const LEAST = 19;
const MOST = 20;
/* Worked out once an image, in bytes: between neighbouring windows, of a row of one, and from its end to its next row. */
const STEP = 21;
const WINDOW_BYTES = 22;
const TO_NEXT_ROW = 23;

/** In this order what is no number stays none. */
function limited(values: v128, least: v128, most: v128): v128 {
  return f32x4.pmin(f32x4.pmax(values, least), most);
}

/** Bytes of the answers of one place, which are also those of the weights of one number of a window. */
function answerBytes(problem: usize): usize {
  return bytesOf(word(problem, OUT_CHANNELS));
}

/*
 * By lists: of each row of the image a list of what is not 0, so that what relu closed costs nothing. An entry is 8 bytes:
 * the number, and how far its weights lie from those of the row's first one. Before the list stands where each place
 * begins in it: a window reads what lies between two of these. The rows of a window share the room in turn.
 *
 * Weights are read from panels of 32 channels of the answers, each as high as the filter, so that those of a row of the
 * window lie side by side in the fastest memory. The last panel may be narrower; its rows are as far from each other.
 */

/** Bytes of 32 channels. */
const PANEL: usize = 128;

/** Bytes of the channels of a panel: of all where there are fewer than 32. */
function panelBytes(problem: usize): usize {
  return min<usize>(PANEL, answerBytes(problem));
}

/** How many numbers a window has. */
function windowLength(problem: usize): usize {
  return <usize>(word(problem, FILTER_HEIGHT) * word(problem, FILTER_WIDTH) * word(problem, IN_CHANNELS));
}

/** Lays the filter in panels: once for all images. */
export function layPanels(problem: usize): void {
  const bytes = answerBytes(problem);
  const panel = panelBytes(problem);
  let to = place(problem, PANELS);
  for (let a: usize = 0; a < bytes; a += panel) {
    const wide = min(panel, bytes - a);
    let from = place(problem, FILTER) + a;
    for (let left = windowLength(problem); left > 0; left--) {
      memory.copy(to, from, wide);
      to += panel;
      from += bytes;
    }
  }
}

function roomOf(problem: usize, row: i32): usize {
  const width = word(problem, IN_WIDTH);
  const each = bytesOf(width + 1 + 2 * (width * word(problem, IN_CHANNELS) + 1));
  return place(problem, ROOM) + <usize>(row % word(problem, FILTER_HEIGHT)) * each;
}

/** Room: (width + 1 + 2 (width * channels + 1)) floats for each row of the filter. */
export function convolveListed(problem: usize): void {
  let listed = 0;
  for (let y = 0; y < word(problem, OUT_HEIGHT); y++) {
    const top = y * word(problem, STRIDE_DOWN) - word(problem, PAD_TOP);
    const first = max(0, top);
    const end = min(word(problem, IN_HEIGHT), top + word(problem, FILTER_HEIGHT));
    for (listed = max(listed, first); listed < end; listed++) listPlaces(problem, listed);
    const to = place(problem, TO) + <usize>(y * word(problem, OUT_WIDTH)) * answerBytes(problem);
    beginRow(problem, to);
    for (let row = first; row < end; row++) addRow(problem, to, row, row - top);
    endRow(problem, to);
  }
}

function listPlaces(problem: usize, row: i32): void {
  const width = word(problem, IN_WIDTH);
  const channels = bytesOf(word(problem, IN_CHANNELS));
  const weights = panelBytes(problem);
  const picks = place(problem, PICKS);
  let starts = roomOf(problem, row);
  let list = starts + bytesOf(width + 1);
  let from = place(problem, IMAGE) + <usize>(row * width) * channels;
  let far: usize = 0;
  for (let x = 0; x < width; x++) {
    store<usize>(starts, list);
    starts += 4;
    list = listPlace(list, from, channels, far, weights, picks);
    from += channels;
    far += (channels >> 2) * weights;
  }
  store<usize>(starts, list);
}

/**
 * Lists the numbers of one place that are not 0, without a branch on them; returns where the list ends.
 * @param picks 16 bytes for each choice among four numbers: where in them those lie that are chosen, one after the other
 */
export function listPlace(list: usize, from: usize, bytes: usize, far: usize, weights: usize, picks: usize): usize {
  const end = from + bytes;
  let fars = i32x4.add(i32x4.splat(<i32>far), i32x4.mul(i32x4.splat(<i32>weights), i32x4(0, 1, 2, 3)));
  const toNext = i32x4.splat(4 * <i32>weights);
  for (; from + 16 <= end; from += 16) {
    const four = v128.load(from);
    const open = i32x4.bitmask(f32x4.ne(four, f32x4.splat(0)));
    const pick = v128.load(picks + ((<usize>open) << 4));
    const numbers = i8x16.swizzle(four, pick);
    const places = i8x16.swizzle(fars, pick);
    v128.store(list, v128.shuffle<i32>(numbers, places, 0, 4, 1, 5));
    v128.store(list, v128.shuffle<i32>(numbers, places, 2, 6, 3, 7), 16);
    list += (<usize>popcnt<i32>(open)) << 3;
    fars = i32x4.add(fars, toNext);
  }
  far = i32x4.extract_lane(fars, 0);
  for (; from < end; from += 4) {
    store<f32>(list, load<f32>(from));
    store<usize>(list, far, 4);
    list += (<usize>(load<f32>(from) != 0)) << 3;
    far += weights;
  }
  return list;
}

function beginRow(problem: usize, to: usize): void {
  const bytes = answerBytes(problem);
  for (let x = 0; x < word(problem, OUT_WIDTH); x++) {
    memory.copy(to, place(problem, BIAS), bytes);
    to += bytes;
  }
}

function endRow(problem: usize, to: usize): void {
  const end = to + <usize>word(problem, OUT_WIDTH) * answerBytes(problem);
  const least = v128.load32_splat(problem + (LEAST << 2));
  const most = v128.load32_splat(problem + (MOST << 2));
  for (; to < end; to += 16) v128.store(to, limited(v128.load(to), least, most));
}

/** Adds to a row of answers what a row of the image is in their windows: as many channels at once as there are. */
function addRow(problem: usize, to: usize, row: i32, down: i32): void {
  const bytes = answerBytes(problem);
  const wide = panelBytes(problem);
  const starts = roomOf(problem, row);
  const toNextPanel = windowLength(problem) * wide;
  const rowWeights = <usize>(down * word(problem, FILTER_WIDTH) * word(problem, IN_CHANNELS)) * wide;
  const first = place(problem, PANELS) + rowWeights;
  let at: usize = 0;
  while (at < bytes) {
    const left = bytes - at;
    const some: usize = left >= 128 ? 128 : left >= 64 ? 64 : 32;
    addChannels(problem, to + at, starts, first + (at / PANEL) * toNextPanel + (at % PANEL), some);
    at += some;
  }
}

/** A place of a row, or its end, nearest to one that may lie in the padding. */
function within(width: i32, x: i32): i32 {
  return max(0, min(width, x));
}

function addChannels(problem: usize, to: usize, starts: usize, filter: usize, some: usize): void {
  const bytes = answerBytes(problem);
  const width = word(problem, IN_WIDTH);
  const filterWidth = word(problem, FILTER_WIDTH);
  const stride = word(problem, STRIDE_ACROSS);
  // Entries count from the row's first number, the filter from the window's, which may lie before it.
  const placeBytes = <usize>word(problem, IN_CHANNELS) * panelBytes(problem);
  let left = -word(problem, PAD_LEFT);
  let weights = filter - <usize>left * placeBytes;
  for (let x = word(problem, OUT_WIDTH); x > 0; x--) {
    const entry = load<usize>(starts + bytesOf(within(width, left)));
    const end = load<usize>(starts + bytesOf(within(width, left + filterWidth)));
    if (some == 128) add32(to, entry, end, weights);
    else if (some == 64) add16(to, entry, end, weights);
    else add8(to, entry, end, weights);
    to += bytes;
    left += stride;
    weights -= <usize>stride * placeBytes;
  }
}

/** to[a] += the sum over the entries of number * weights[a], of 32 answers; the others: of fewer. */
export function add32(to: usize, entry: usize, end: usize, filter: usize): void {
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  let s4 = v128.load(to, 64);
  let s5 = v128.load(to, 80);
  let s6 = v128.load(to, 96);
  let s7 = v128.load(to, 112);
  for (; entry < end; entry += 8) {
    const value = v128.load32_splat(entry);
    const weights = filter + load<usize>(entry, 4);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(weights)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(weights, 16)));
    s2 = f32x4.add(s2, f32x4.mul(value, v128.load(weights, 32)));
    s3 = f32x4.add(s3, f32x4.mul(value, v128.load(weights, 48)));
    s4 = f32x4.add(s4, f32x4.mul(value, v128.load(weights, 64)));
    s5 = f32x4.add(s5, f32x4.mul(value, v128.load(weights, 80)));
    s6 = f32x4.add(s6, f32x4.mul(value, v128.load(weights, 96)));
    s7 = f32x4.add(s7, f32x4.mul(value, v128.load(weights, 112)));
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

export function add16(to: usize, entry: usize, end: usize, filter: usize): void {
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  for (; entry < end; entry += 8) {
    const value = v128.load32_splat(entry);
    const weights = filter + load<usize>(entry, 4);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(weights)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(weights, 16)));
    s2 = f32x4.add(s2, f32x4.mul(value, v128.load(weights, 32)));
    s3 = f32x4.add(s3, f32x4.mul(value, v128.load(weights, 48)));
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
}

export function add8(to: usize, entry: usize, end: usize, filter: usize): void {
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  for (; entry < end; entry += 8) {
    const value = v128.load32_splat(entry);
    const weights = filter + load<usize>(entry, 4);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(weights)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(weights, 16)));
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

/*
 * By blocks: four answers of a row by eight of their channels, for an image of few channels, of which little is 0. Its
 * windows are read from a copy that has the padding. Answers must be at least four a row.
 */

function paddedWidth(problem: usize): i32 {
  return (word(problem, OUT_WIDTH) - 1) * word(problem, STRIDE_ACROSS) + word(problem, FILTER_WIDTH);
}

function paddedHeight(problem: usize): i32 {
  return (word(problem, OUT_HEIGHT) - 1) * word(problem, STRIDE_DOWN) + word(problem, FILTER_HEIGHT);
}

/** Room: as many floats as the image has with its padding, where windows are: ((answers - 1) * stride + filter) a side. */
export function convolveBlocks(problem: usize): void {
  copyPadded(problem);
  const width = word(problem, OUT_WIDTH);
  const bytes = answerBytes(problem);
  const channels = word(problem, IN_CHANNELS);
  const rowBytes = bytesOf(paddedWidth(problem) * channels);
  const windowBytes = bytesOf(word(problem, FILTER_WIDTH) * channels);
  const step = bytesOf(word(problem, STRIDE_ACROSS) * channels);
  note(problem, STEP, step);
  note(problem, WINDOW_BYTES, windowBytes);
  note(problem, TO_NEXT_ROW, rowBytes - windowBytes);
  let windows = place(problem, ROOM);
  let to = place(problem, TO);
  for (let y = 0; y < word(problem, OUT_HEIGHT); y++) {
    for (let a: usize = 0; a < bytes; a += 32) {
      for (let x = 0; x < width; x += 4) {
        // The last four may be some of those before once more.
        const at = <usize>min(x, width - 4);
        answer4x8(problem, to + at * bytes + a, windows + at * step, a);
      }
    }
    windows += <usize>word(problem, STRIDE_DOWN) * rowBytes;
    to += <usize>width * bytes;
  }
}

function copyPadded(problem: usize): void {
  const width = paddedWidth(problem);
  const height = paddedHeight(problem);
  const channels = word(problem, IN_CHANNELS);
  const rowBytes = bytesOf(width * channels);
  const left = word(problem, PAD_LEFT);
  const top = word(problem, PAD_TOP);
  const copied = bytesOf(within(word(problem, IN_WIDTH), width - left) * channels);
  memory.fill(place(problem, ROOM), 0, <usize>height * rowBytes);
  let from = place(problem, IMAGE);
  let to = place(problem, ROOM) + <usize>top * rowBytes + bytesOf(left * channels);
  for (let y = min(word(problem, IN_HEIGHT), height - top); y > 0; y--) {
    memory.copy(to, from, copied);
    from += bytesOf(word(problem, IN_WIDTH) * channels);
    to += rowBytes;
  }
}

/** `window` is the first of four in the padded copy, `a` how many bytes the first of the eight channels is from the first. */
export function answer4x8(problem: usize, to: usize, window: usize, a: usize): void {
  const step = place(problem, STEP);
  const windowBytes = place(problem, WINDOW_BYTES);
  const toNextRow = place(problem, TO_NEXT_ROW);
  const bytes = answerBytes(problem);
  const bias = place(problem, BIAS) + a;
  let filter = place(problem, FILTER) + a;
  let a0 = v128.load(bias);
  let a1 = v128.load(bias, 16);
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  for (let row = word(problem, FILTER_HEIGHT); row > 0; row--) {
    const end = window + windowBytes;
    for (; window < end; window += 4) {
      const w0 = v128.load(filter);
      const w1 = v128.load(filter, 16);
      filter += bytes;
      let at = window;
      const own = v128.load32_splat(at);
      a0 = f32x4.add(a0, f32x4.mul(own, w0));
      a1 = f32x4.add(a1, f32x4.mul(own, w1));
      at += step;
      const second = v128.load32_splat(at);
      b0 = f32x4.add(b0, f32x4.mul(second, w0));
      b1 = f32x4.add(b1, f32x4.mul(second, w1));
      at += step;
      const third = v128.load32_splat(at);
      c0 = f32x4.add(c0, f32x4.mul(third, w0));
      c1 = f32x4.add(c1, f32x4.mul(third, w1));
      at += step;
      const fourth = v128.load32_splat(at);
      d0 = f32x4.add(d0, f32x4.mul(fourth, w0));
      d1 = f32x4.add(d1, f32x4.mul(fourth, w1));
    }
    window += toNextRow;
  }
  const least = v128.load32_splat(problem + (LEAST << 2));
  const most = v128.load32_splat(problem + (MOST << 2));
  storeWithin(to, a0, a1, least, most);
  storeWithin(to + bytes, b0, b1, least, most);
  storeWithin(to + 2 * bytes, c0, c1, least, most);
  storeWithin(to + 3 * bytes, d0, d1, least, most);
}

function storeWithin(to: usize, first: v128, second: v128, least: v128, most: v128): void {
  v128.store(to, limited(first, least, most));
  v128.store(to, limited(second, least, most), 16);
}

function note(problem: usize, index: i32, value: usize): void {
  store<u32>(problem + ((<usize>index) << 2), <u32>value);
}

/**
 * Channel by channel: value * factor + shift, of `count` places. At `factors` lie those of the channels, then the shifts.
 */
export function scaleAndShift(from: usize, to: usize, count: i32, channels: i32, factors: usize): void {
  const bytes = bytesOf(channels);
  const shifts = factors + bytes;
  for (let left = count; left > 0; left--) {
    let c: usize = 0;
    for (; c + 16 <= bytes; c += 16) {
      const scaled = f32x4.mul(v128.load(from + c), v128.load(factors + c));
      v128.store(to + c, f32x4.add(scaled, v128.load(shifts + c)));
    }
    for (; c < bytes; c += 4) store<f32>(to + c, load<f32>(from + c) * load<f32>(factors + c) + load<f32>(shifts + c));
    from += bytes;
    to += bytes;
  }
}

/**
 * Channel by channel the mean over the places of an image: of each row the sum, then that of the rows, so that few digits
 * are lost. Whole fours of channels.
 */
export function meanOfPlaces(from: usize, to: usize, rows: i32, width: i32, channels: i32): void {
  const bytes = bytesOf(channels);
  const count = f32x4.splat(<f32>(rows * width));
  for (let c: usize = 0; c < bytes; c += 16) {
    let at = from + c;
    let sum = f32x4.splat(0);
    for (let row = rows; row > 0; row--) {
      let ofRow = f32x4.splat(0);
      for (let x = width; x > 0; x--) {
        ofRow = f32x4.add(ofRow, v128.load(at));
        at += bytes;
      }
      sum = f32x4.add(sum, ofRow);
    }
    v128.store(to + c, f32x4.div(sum, count));
  }
}
