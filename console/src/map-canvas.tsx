import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import type { SampleMap } from './api-insights';
import {
  type Camera,
  type Colour,
  colour,
  fitted,
  inside,
  moved,
  nearest,
  paint,
  palette,
  type Place,
  zoomed,
} from './map-geometry';

const REACH = 8;
const KEY_STEP = 40;
const ZOOM = 1.25;
const RIGHT = colour(56, 178, 140);
const WRONG = colour(224, 49, 49);

interface MapCanvasProps {
  readonly map: SampleMap;
  readonly colouring: 'label' | 'wrong';
  readonly mode: 'lasso' | 'move';
  readonly selected: ReadonlySet<number>;
  readonly select: (indexes: readonly number[]) => void;
  readonly hover: (index: number) => void;
}

/** Samples as points. The wheel zooms; a drag moves the picture or, as a lasso, selects; a click selects one. */
export function MapCanvas({ map, colouring, mode, selected, select, hover }: MapCanvasProps) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [camera, setCamera] = useState<Camera>();
  const [line, setLine] = useState<readonly Place[]>([]);
  const seen = camera ?? fitted(map, width, height);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) return;
    draw(context, { map, colouring, selected, camera: seen, line });
  });
  useZoomByWheel(canvas, (factor, place) => setCamera((before) => zoomed(before ?? seen, factor, place)));

  const drag = (event: PointerEvent<HTMLCanvasElement>): void => {
    const place = placeOf(event);
    if (line.length === 0) hover(nearest(map, seen, place, REACH));
    else if (mode === 'lasso') setLine([...line, place]);
    else {
      setCamera(moved(seen, event.movementX, event.movementY));
      setLine([...line, place]);
    }
  };
  const drop = (): void => {
    if (line.length > 0 && line.length < 4) select(oneOf(nearest(map, seen, line[0]!, REACH)));
    else if (mode === 'lasso') select(inside(map, seen, line));
    setLine([]);
  };
  const onKey = (event: KeyboardEvent): void => {
    const next = byKey(event.key, seen, [width / 2, height / 2]);
    if (!next) return;
    event.preventDefault();
    setCamera(next);
  };
  return (
    <div ref={ref} className="map">
      <canvas
        ref={canvas}
        className="map"
        width={Math.round(width)}
        height={Math.round(height)}
        tabIndex={0}
        role="application"
        aria-label={`Map of ${map.ids.length} samples. Arrows move it, plus and minus zoom.`}
        onKeyDown={onKey}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setLine([placeOf(event)]);
        }}
        onPointerMove={drag}
        onPointerUp={drop}
        onPointerLeave={() => hover(-1)}
      />
    </div>
  );
}

const oneOf = (index: number): number[] => (index < 0 ? [] : [index]);

const placeOf = ({ nativeEvent }: PointerEvent): Place => [nativeEvent.offsetX, nativeEvent.offsetY];

function byKey(key: string, camera: Camera, middle: Place): Camera | undefined {
  const steps: Readonly<Record<string, () => Camera>> = {
    ArrowLeft: () => moved(camera, KEY_STEP, 0),
    ArrowRight: () => moved(camera, -KEY_STEP, 0),
    ArrowUp: () => moved(camera, 0, KEY_STEP),
    ArrowDown: () => moved(camera, 0, -KEY_STEP),
    '+': () => zoomed(camera, ZOOM, middle),
    '-': () => zoomed(camera, 1 / ZOOM, middle),
  };
  return steps[key]?.();
}

/** React's own wheel handler cannot keep the page from scrolling along. */
function useZoomByWheel(
  canvas: { readonly current: HTMLCanvasElement | null },
  zoom: (factor: number, place: Place) => void,
): void {
  useEffect(() => {
    const element = canvas.current;
    const turn = (event: WheelEvent): void => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400), [event.offsetX, event.offsetY]);
    };
    element?.addEventListener('wheel', turn, { passive: false });
    return () => element?.removeEventListener('wheel', turn);
  });
}

interface Picture {
  readonly map: SampleMap;
  readonly colouring: 'label' | 'wrong';
  readonly selected: ReadonlySet<number>;
  readonly camera: Camera;
  readonly line: readonly Place[];
}

function draw(context: CanvasRenderingContext2D, { map, colouring, selected, camera, line }: Picture): void {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const colours = palette(map.labels.length);
  const isWrong = (i: number): boolean => map.label[i] !== map.predicted[i];
  const colourOf = (i: number): Colour =>
    colouring === 'wrong' ? (isWrong(i) ? WRONG : RIGHT) : colours[map.label[i]!]!;
  paint(image, map, camera, { colourOf, isQuiet: (i) => selected.size > 0 && !selected.has(i) });
  context.putImageData(image, 0, 0);
  if (line.length < 2) return;
  context.beginPath();
  line.forEach(([x, y]) => context.lineTo(x, y));
  context.closePath();
  context.strokeStyle = '#868e96';
  context.stroke();
}
