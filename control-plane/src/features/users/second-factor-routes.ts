import {
  confirmSecondFactor,
  disableSecondFactor,
  getSecondFactor,
  prepareSecondFactor,
  renewRecoveryCodes,
  resetSecondFactor,
} from '@flowyard/protocol';
import { ACCOUNT, ADMINISTRATOR, type Route, route } from '../../http/route.ts';
import type { SecondFactorService } from './second-factor-service.ts';

export function secondFactorRoutes(secondFactor: SecondFactorService): Route[] {
  return [
    route(getSecondFactor, ACCOUNT, ({ actor }) => secondFactor.view(actor.userId)),
    route(prepareSecondFactor, ACCOUNT, ({ actor, body }) => secondFactor.prepare(actor, body.password)),
    route(confirmSecondFactor, ACCOUNT, async ({ actor, body }) => ({
      recoveryCodes: await secondFactor.confirm(actor, body.code),
    })),
    route(renewRecoveryCodes, ACCOUNT, async ({ actor, body }) => ({
      recoveryCodes: await secondFactor.renewRecoveryCodes(actor, body.password),
    })),
    route(disableSecondFactor, ACCOUNT, ({ actor, body }) => secondFactor.disable(actor, body.password)),
    route(resetSecondFactor, ADMINISTRATOR, ({ actor, params }) => secondFactor.reset(actor, params.id)),
  ];
}
