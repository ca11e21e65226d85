/* The words of a problem of a convolution, each 32 bits: its sizes, and where its parts lie in memory. */

export const IN_HEIGHT = 0;
export const IN_WIDTH = 1;
export const IN_CHANNELS = 2;
export const OUT_HEIGHT = 3;
export const OUT_WIDTH = 4;
export const OUT_CHANNELS = 5;
export const FILTER_HEIGHT = 6;
export const FILTER_WIDTH = 7;
export const STRIDE_DOWN = 8;
export const STRIDE_ACROSS = 9;
export const PAD_TOP = 10;
export const PAD_LEFT = 11;
export const IMAGE = 12;
export const FILTER = 13;
export const TO = 14;

export function word(problem: usize, index: i32): i32 {
  return load<i32>(problem + ((<usize>index) << 2));
}

export function place(problem: usize, index: i32): usize {
  return <usize>load<u32>(problem + ((<usize>index) << 2));
}

export function bytesOf(floats: i32): usize {
  return (<usize>floats) << 2;
}
