import type { Loop, Stage } from './api';
import { STAGES } from './stages';

const CENTRE = 150;
const RADIUS = 112;
const GAP_DEGREES = 10;
/** A stage that did something in the last seconds is shown as at work. */
const AT_WORK_SECONDS = 5;

type State = 'at work' | 'waiting' | 'quiet';

const COLOURS: Readonly<Record<State, string>> = {
  'at work': 'var(--busy)',
  waiting: 'var(--waiting)',
  quiet: 'var(--good)',
};

/** The loop as a wheel of its stages; the champion is its hub. It turns while a model trains. */
export function WheelPicture({ loop }: { loop: Loop }) {
  const { stages, champion, retrain, standInSeconds } = loop;
  const step = 360 / stages.length;
  const states = stages.map((stage) => stateOf(stage, loop.now));
  const summary = stages.map(({ stage }, i) => `${stage} ${states[i]}`).join(', ');
  return (
    <svg
      viewBox="0 0 300 300"
      role="img"
      aria-label={`The wheel: ${summary}`}
      style={{ maxWidth: 360, margin: '0 auto' }}
    >
      <g className={retrain.run ? 'wheel-turns' : undefined}>
        {stages.map(({ stage }, i) => (
          <path
            key={stage}
            d={arc(i * step + GAP_DEGREES / 2, (i + 1) * step - GAP_DEGREES / 2)}
            fill="none"
            stroke={COLOURS[states[i]!]}
            strokeWidth={14}
            strokeLinecap="round"
            opacity={states[i] === 'quiet' ? 0.55 : 1}
          />
        ))}
      </g>
      {stages.map(({ stage }, i) => {
        const [x, y] = pointAt((i + 0.5) * step, RADIUS - 21);
        return (
          <text
            key={stage}
            x={x}
            y={y}
            fontSize={12.5}
            textAnchor="middle"
            dominantBaseline="middle"
            fill="currentColor"
          >
            {stage}
          </text>
        );
      })}
      <text
        x={CENTRE}
        y={CENTRE - 4}
        fontSize={champion ? 34 : 17}
        fontWeight={650}
        textAnchor="middle"
        fill="currentColor"
      >
        {champion ? `v${champion.version}` : 'no model yet'}
      </text>
      <text x={CENTRE} y={CENTRE + 20} fontSize={12} textAnchor="middle" fill="var(--quiet)">
        {champion ? 'serves' : standInSeconds > 0 && 'people stand in'}
      </text>
    </svg>
  );
}

function stateOf({ stage, waiting, lastAt }: Stage, now: string): State {
  if (lastAt !== null && (Date.parse(now) - Date.parse(lastAt)) / 1_000 < AT_WORK_SECONDS) return 'at work';
  if (waiting === 0 || STAGES[stage]?.isRoutine) return 'quiet';
  return stage === 'train' ? 'at work' : 'waiting';
}

/** Degrees run clockwise from the top. */
function pointAt(degrees: number, radius: number): [number, number] {
  const angle = ((degrees - 90) * Math.PI) / 180;
  return [CENTRE + radius * Math.cos(angle), CENTRE + radius * Math.sin(angle)];
}

function arc(from: number, to: number): string {
  const [x1, y1] = pointAt(from, RADIUS + 22);
  const [x2, y2] = pointAt(to, RADIUS + 22);
  return `M ${x1} ${y1} A ${RADIUS + 22} ${RADIUS + 22} 0 0 1 ${x2} ${y2}`;
}
