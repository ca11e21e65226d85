import type { SeededRandom } from '../../src/platform/model-runtime/random.js';
import { happens, pick } from './chance.js';

const SHORT: Readonly<Record<string, readonly string[]>> = {
  please: ['pls', 'plz', 'pls'],
  thanks: ['thx', 'tks', 'ta'],
  'thank you': ['thx', 'ty'],
  'as soon as possible': ['asap'],
  because: ['bc', 'cos'],
  you: ['u'],
  your: ['ur'],
  are: ['r'],
  tomorrow: ['tmrw', 'tmr'],
  today: ['2day'],
  number: ['nr', 'no', 'num'],
  address: ['addr', 'adress'],
  received: ['recieved', 'got'],
  delivery: ['delivry', 'del'],
  cannot: ['cant', 'can not'],
  'do not': ['dont', "don't"],
  'does not': ['doesnt', "doesn't"],
  'did not': ['didnt', "didn't"],
  'is not': ['isnt', "isn't"],
  'I am': ['im', "I'm"],
  'I would like to': ['i wanna', "i'd like to", 'want to'],
  weeks: ['wks'],
  with: ['w/'],
  people: ['ppl'],
  minutes: ['min'],
  message: ['msg'],
};
const SHORTENED = new RegExp(`\\b(${Object.keys(SHORT).join('|')})\\b`, 'gi');
const SHORT_OF = new Map(Object.entries(SHORT).map(([long, short]) => [long.toLowerCase(), short]));

/** Where fingers slip to. */
const KEYS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** At the greatest haste: share of long forms shortened, of words mistyped, of messages without capitals and so on. */
const SHORTENED_SHARE = 0.6;
const MISTYPED_SHARE = 0.1;
const LOWER_CASE_SHARE = 0.9;
const UPPER_CASE_SHARE = 0.05;
const UNPUNCTUATED_SHARE = 0.7;
const EMPHATIC_SHARE = 0.15;

/** Types a text in more or less haste: 0 leaves it as it is, at 1 hardly a sentence is whole. */
export function roughen(text: string, haste: number, random: SeededRandom): string {
  const steps: readonly (readonly [share: number, step: (text: string) => string])[] = [
    [
      1,
      (t) => t.replace(SHORTENED, (long) => (happens(SHORTENED_SHARE * haste, random) ? shorten(long, random) : long)),
    ],
    [
      1,
      (t) =>
        t.replace(/\p{L}{4,}/gu, (word) => (happens(MISTYPED_SHARE * haste, random) ? mistype(word, random) : word)),
    ],
    [UNPUNCTUATED_SHARE * haste, (t) => t.replace(/[.,;:!'"]+(?=\s|$)|'/gu, '')],
    [LOWER_CASE_SHARE * haste, (t) => t.toLowerCase()],
    [UPPER_CASE_SHARE * haste, (t) => t.toUpperCase()],
    [EMPHATIC_SHARE * haste, (t) => t.replace(/[.!?]*$/, pick(['!!', '??', '...', '!!!', '?!'], random))],
  ];
  return steps.reduce((typed, [share, step]) => (happens(share, random) ? step(typed) : typed), text);
}

const shorten = (long: string, random: SeededRandom): string => pick(SHORT_OF.get(long.toLowerCase())!, random);

/** Two letters swapped, one left out, one twice, or one key beside it. */
function mistype(word: string, random: SeededRandom): string {
  const at = 1 + Math.floor(random.next() * (word.length - 2));
  const [before, letter, next, rest] = [word.slice(0, at), word.charAt(at), word.charAt(at + 1), word.slice(at + 2)];
  const slips = [next + letter, next, letter + letter + next, keyBeside(letter, random) + next];
  return before + pick(slips, random) + rest;
}

function keyBeside(letter: string, random: SeededRandom): string {
  const row = KEYS.find((keys) => keys.includes(letter)) ?? letter;
  const at = row.indexOf(letter);
  return pick([...row.slice(Math.max(0, at - 1), at), ...row.slice(at + 1, at + 2), letter].slice(0, 2), random);
}
