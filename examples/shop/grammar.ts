import { ACCOUNT } from './grammar/account.js';
import { BUYING } from './grammar/buying.js';
import { DELIVERY } from './grammar/delivery.js';
import type { Intent } from './grammar/intent.js';
import { PAYMENT } from './grammar/payment.js';
import { RETURNS } from './grammar/returns.js';

/** Everything a customer may want of the shop. */
export const INTENTS: readonly Intent[] = [...DELIVERY, ...RETURNS, ...PAYMENT, ...BUYING, ...ACCOUNT];

/** Intents customers write about in the first half of the traffic. */
export const EARLY_INTENTS: readonly Intent[] = INTENTS.filter(({ isLaunchedLate }) => !isLaunchedLate);

const BY_LABEL: ReadonlyMap<string, Intent> = new Map(INTENTS.map((intent) => [intent.label, intent]));

/** The intent a label names. */
export function intentOf(label: string): Intent {
  const intent = BY_LABEL.get(label);
  if (!intent) throw new Error(`The grammar has no intent ${label}.`);
  return intent;
}
