import type { SeededRandom } from '../../src/platform/model-runtime/random.js';
import { happens, pick, pickWeighted } from './chance.js';
import type { Intent } from './grammar/intent.js';
import { CLOSINGS, OPENINGS, SLOTS, TRANSITIONS } from './grammar/slots.js';
import { INTENTS } from './grammar.js';
import { roughen } from './roughen.js';

/** How somebody writes; it stays with a customer. */
export interface Habits {
  /** 0 writes like a letter, 1 without looking. */
  readonly haste: number;
  /** How likely an opening or a closing is. */
  readonly politeness: number;
}

export const LONGEST_MESSAGE = 300;
/** Share of hasty messages that are two or three words. */
const BRIEF = 0.25;
/** Share of messages that say it as the shop's staff would. */
const TIDY = 0.4;
/** Share of messages that mention another intent. */
const DISTRACTED = 0.3;
/** Share of messages that go on to a second matter; they count as what they ask first. */
const SECOND_MATTERS = 0.14;
/** How much more often the first way of putting it is used than the last: weight of way i is 1 / (i + 1) ** this. */
const FAVOURITISM = 0.6;

const INNERMOST = /\(([^()[\]{}]*)\)|\[([^()[\]{}]*)\]|\{(\w+)\}/;

/** One of the sentences a template stands for (see {@link Intent}), from the innermost bracket outwards. */
export function expand(template: string, random: SeededRandom): string {
  let text = template;
  for (let found = INNERMOST.exec(text); found; found = INNERMOST.exec(text)) {
    text = text.slice(0, found.index) + choose(found, random) + text.slice(found.index + found[0].length);
  }
  return text
    .replace(/#+/g, (digits) => numberOf(digits.length, random))
    .replace(/\s+/g, ' ')
    .trim();
}

/** That many digits, the first not 0. */
const numberOf = (digits: number, random: SeededRandom): string =>
  String(Math.floor((1 + 9 * random.next()) * 10 ** (digits - 1)));

function choose([, choices, optional, slot]: RegExpExecArray, random: SeededRandom): string {
  if (choices !== undefined) return pick(choices.split('|'), random);
  if (optional !== undefined) return happens(0.5, random) ? optional : '';
  const entries = SLOTS[slot!];
  if (!entries) throw new Error(`The grammar has no slot ${slot}.`);
  return pick(entries, random);
}

/** The n-th sentence the shop's staff would give as an example: they go through the ways of putting it in turn. */
export const authoredText = (intent: Intent, n: number, random: SeededRandom): string =>
  asSentence(expand(intent.authored[n % intent.authored.length]!, random));

/**
 * What a customer writes: perhaps a greeting, what it is about, perhaps something beside the point, perhaps a closing;
 * typed in more or less haste. `progress` runs from 0 in the first round to 1 in the last.
 */
export function customerText(intent: Intent, habits: Habits, progress: number, random: SeededRandom): string {
  if (happens(BRIEF * habits.haste, random)) return roughen(expand(pick(intent.brief, random), random), 1, random);
  const matter = expand(matterOf(intent, progress, random), random);
  const sentences = aroundIt(matter, intent, habits, random).filter((part) => part !== '');
  const text = sentences.map(asSentence).join(' ');
  const rough = roughen(text.length <= LONGEST_MESSAGE ? text : asSentence(matter), habits.haste, random);
  return rough.slice(0, LONGEST_MESSAGE).trim();
}

function aroundIt(matter: string, intent: Intent, { politeness }: Habits, random: SeededRandom): string[] {
  const perhaps = (share: number, template: () => string) => (happens(share, random) ? expand(template(), random) : '');
  const opening = perhaps(politeness, () => pick(OPENINGS, random));
  const aside = perhaps(DISTRACTED, () => pick(otherThan(intent, random).asides, random));
  const second = perhaps(
    SECOND_MATTERS,
    () => `${pick(TRANSITIONS, random)} ${pick(otherThan(intent, random).wild, random)}`,
  );
  const closing = perhaps(politeness, () => pick(CLOSINGS, random));
  const middle = happens(0.4, random) ? [aside, matter, second] : [matter, second, aside];
  return [opening, ...middle, closing];
}

/** Ways of putting it come into use and fall out of it. */
function matterOf(intent: Intent, progress: number, random: SeededRandom): string {
  if (happens(TIDY, random)) return pick(intent.authored, random);
  const early = intent.wild.map((_, i) => (i + 1) ** -FAVOURITISM);
  const weights = early.map((weight, i) => weight * (1 - progress) + early.at(-1 - i)! * progress);
  return pickWeighted(intent.wild, weights, random);
}

/** The intent a distraction comes from: often one it could be mistaken for. */
function otherThan(intent: Intent, random: SeededRandom): Intent {
  const others = INTENTS.filter(({ label, isLaunchedLate }) => label !== intent.label && !isLaunchedLate);
  const near = others.filter(({ label }) => intent.neighbours.includes(label));
  return pick(happens(0.4, random) && near.length > 0 ? near : others, random);
}

/** A capital in front, a full stop behind. */
function asSentence(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[\p{L}\p{N})"]$/u.test(sentence) ? `${sentence}.` : sentence;
}
