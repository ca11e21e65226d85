/** Which part of the plane is seen: a point (x, y) is drawn at (x * scale + left, top - y * scale). */
export interface Camera {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

export interface Points {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export type Place = readonly [x: number, y: number];

const MARGIN = 24;
/** Pixels of a point's side: few points may be larger. */
const POINT = { few: 5, many: 3, manyFrom: 3_000 } as const;
/** How much of a point is seen, in the highest byte. */
const [OPAQUE, QUIET] = [255 << 24, 64 << 24];

/** All points, with a margin. */
export function fitted({ x, y }: Points, width: number, height: number): Camera {
  const [[left, right], [bottom, top]] = [rangeOf(x), rangeOf(y)];
  const across = (width - 2 * MARGIN) / (right - left || 1);
  const up = (height - 2 * MARGIN) / (top - bottom || 1);
  const scale = Math.min(across, up);
  return {
    scale,
    left: width / 2 - ((left + right) / 2) * scale,
    top: height / 2 + ((bottom + top) / 2) * scale,
  };
}

export const screenOf = ({ scale, left, top }: Camera, x: number, y: number): Place => [
  x * scale + left,
  top - y * scale,
];

/** Nearer or further by a factor, the place under the pointer staying where it is. */
export const zoomed = ({ scale, left, top }: Camera, factor: number, [x, y]: Place): Camera => ({
  scale: scale * factor,
  left: x - (x - left) * factor,
  top: y - (y - top) * factor,
});

export const moved = ({ scale, left, top }: Camera, across: number, down: number): Camera => ({
  scale,
  left: left + across,
  top: top + down,
});

/** As pixels hold it: blue, green and red from the highest byte but one down. */
export type Colour = number;

export const colour = (red: number, green: number, blue: number): Colour => (blue << 16) | (green << 8) | red;

/** Points as squares, pixel by pixel: a hundred thousand take some ten milliseconds. */
export function paint(
  image: ImageData,
  points: Points,
  camera: Camera,
  look: { colourOf: (i: number) => Colour; isQuiet: (i: number) => boolean },
): void {
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  const size = points.x.length < POINT.manyFrom ? POINT.few : POINT.many;
  const half = (size - 1) / 2;
  for (let i = 0; i < points.x.length; i += 1) {
    const [x, y] = screenOf(camera, points.x[i]!, points.y[i]!);
    const pixel = (look.isQuiet(i) ? QUIET : OPAQUE) | look.colourOf(i);
    for (let row = Math.round(y) - half; row <= Math.round(y) + half; row += 1) {
      for (let column = Math.round(x) - half; column <= Math.round(x) + half; column += 1) {
        if (row < 0 || column < 0 || row >= height || column >= width) continue;
        pixels[row * width + column] = pixel;
      }
    }
  }
}

/** Index of the point nearest to a place, within some pixels; -1 for none. */
export function nearest(points: Points, camera: Camera, [x, y]: Place, within: number): number {
  let [best, least] = [-1, within ** 2];
  for (let i = 0; i < points.x.length; i += 1) {
    const [px, py] = screenOf(camera, points.x[i]!, points.y[i]!);
    const distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance <= least) [best, least] = [i, distance];
  }
  return best;
}

/** Indexes of the points inside a closed line of places, by the even-odd rule. */
export function inside(points: Points, camera: Camera, line: readonly Place[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.x.length; i += 1) {
    if (isInside(screenOf(camera, points.x[i]!, points.y[i]!), line)) found.push(i);
  }
  return found;
}

function isInside([x, y]: Place, line: readonly Place[]): boolean {
  let is = false;
  line.forEach(([ax, ay], i) => {
    const [bx, by] = line[(i + 1) % line.length]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  });
  return is;
}

/** Colours of so many labels, told apart as well as that many can be. */
export function palette(count: number): Colour[] {
  return Array.from({ length: count }, (_, i) => rgbOf((i * 137.508) % 360, i % 2 === 0 ? 0.5 : 0.62));
}

/** From hue in degrees and lightness, at a saturation of .65. */
function rgbOf(hue: number, lightness: number): Colour {
  const reach = 0.65 * Math.min(lightness, 1 - lightness);
  const channel = (n: number): number => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return colour(channel(0), channel(8), channel(4));
}

function rangeOf(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return Number.isFinite(low) ? [low, high] : [0, 1];
}
