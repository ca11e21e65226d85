import type { backend_util } from '@tensorflow/tfjs-core';

export type Conv2DInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

interface Windows {
  /** Of each place of a window: the index of its first channel within the image. */
  readonly places: Int32Array;
  /** And which place of the filter it is, row by row. */
  readonly taps: Int32Array;
  /** Where the places of a window of the batch begin and end, and where its image begins. */
  at(window: number): { readonly begin: number; readonly end: number; readonly base: number };
}

/** Those of the last layers that were asked for: each step of a training asks for the same. */
const known = new Map<string, Windows>();
const MOST_KNOWN = 100;

/** The windows of a convolution or pooling in the order of its answers, without the places outside of the image. */
export function windowsOf(info: Conv2DInfo): Windows {
  const { top, left } = info.padInfo;
  const key = [
    ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.filterHeight],
    ...[info.filterWidth, info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth, top, left],
  ].join();
  const windows = known.get(key) ?? makeWindows(info);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, windows);
  return windows;
}

function makeWindows(info: Conv2DInfo): Windows {
  const { inHeight, inWidth, inChannels, filterWidth } = info;
  const rows = Array.from({ length: info.outHeight }, (_, row) =>
    within(row * info.strideHeight - info.padInfo.top, info.filterHeight, info.dilationHeight, inHeight),
  );
  const columns = Array.from({ length: info.outWidth }, (_, column) =>
    within(column * info.strideWidth - info.padInfo.left, filterWidth, info.dilationWidth, inWidth),
  );
  const windows = rows.flatMap((down) =>
    columns.map((across) =>
      down.flatMap((y) =>
        across.map((x) => ({ place: (y.at * inWidth + x.at) * inChannels, tap: y.tap * filterWidth + x.tap })),
      ),
    ),
  );
  const starts = [0];
  for (const { length } of windows) starts.push(starts.at(-1)! + length);
  return {
    places: Int32Array.from(windows.flat(), ({ place }) => place),
    taps: Int32Array.from(windows.flat(), ({ tap }) => tap),
    at: (window) => {
      const [image, own] = [Math.floor(window / windows.length), window % windows.length];
      const base = image * inHeight * inWidth * inChannels;
      return { begin: starts[own]!, end: starts[own + 1]!, base };
    },
  };
}

/** Which of a filter's places along one side lie within the input, and where. */
const within = (start: number, size: number, dilation: number, length: number): { at: number; tap: number }[] =>
  Array.from({ length: size }, (_, tap) => ({ at: start + tap * dilation, tap })).filter(
    ({ at }) => at >= 0 && at < length,
  );
