import { composeFeatures } from './compose/features.ts';
import type { Foundation } from './compose/foundation.ts';
import { composeHosting } from './compose/hosting.ts';
import { composeOutside } from './compose/outside.ts';
import { composeRelay } from './compose/relay.ts';

/** Puts the control plane together; nothing runs yet. */
export function compose(foundation: Foundation) {
  const outside = composeOutside(foundation);
  const hosting = composeHosting(foundation, outside);
  const features = composeFeatures(foundation, outside, hosting);
  const relay = composeRelay(foundation, outside, hosting, features);
  return { ...outside, ...hosting, ...features, ...relay };
}
export type Parts = ReturnType<typeof compose>;
