const whole = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const count = (n: number): string => whole.format(n);

/** A share as a percentage: .1234 is "12.3 %". */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '–' : `${(share * 100).toFixed(1)} %`;

/** Seconds in the unit that fits: "0.8 s", "14 s", "3 min", "5 h", "2 d". */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago, by the service's clock. */
export const ago = (at: string | null, now: string): string =>
  at === null ? 'never' : `${duration(Math.max(0, (Date.parse(now) - Date.parse(at)) / 1_000))} ago`;

export const dateTime = (at: string): string => clock.format(new Date(at));

/** Four digits, without noughts that say nothing. */
export const rounded = (value: number): string => String(Number(value.toPrecision(4)));
