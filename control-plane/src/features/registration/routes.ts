import {
  acceptMachine,
  acceptRegistration,
  beginRegistration,
  claimRegistration,
  createDeviceCode,
  getRegistration,
  importMachine,
  joinWithCode,
  type RegistrationView,
  refuseRegistration,
  renewDeviceCredentials,
} from '@flowyard/protocol';
import type { Access } from '../../access/authorize.ts';
import { unauthenticated } from '../../errors.ts';
import { type Authenticator, addressOf } from '../../http/authenticate.ts';
import { AGENT, may, open, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { SignInLimit } from '../../http/sign-in-limit.ts';
import { mayAssignTo } from '../devices/routes.ts';
import type { DeviceIdentityService } from './identity-service.ts';
import type { MachineImport } from './machine-import.ts';
import type { RegistrationRow } from './registration-store.ts';
import type { RegistrationService } from './service.ts';

/** All codes that an address tries count as one account. */
const ANY_CODE = 'device-code:';

interface Parts {
  registrations: RegistrationService;
  identities: DeviceIdentityService;
  machineImport: MachineImport;
  authenticator: Authenticator;
  access: Access;
  signInLimit: SignInLimit;
}

function presentRegistration(row: RegistrationRow): RegistrationView {
  const { code, name, type, agentVersion, platform, address, createdAt, expiresAt } = row;
  return { code, name, type, agentVersion, platform, address, createdAt, expiresAt };
}

export function registrationRoutes(parts: Parts): Route[] {
  const { registrations, identities, machineImport, authenticator, access, signInLimit } = parts;
  return [
    route(createDeviceCode, may('device:create', 'device'), ({ actor, params }) =>
      registrations.makeCode(actor, params.id),
    ),
    route(joinWithCode, open('the code says which device it is for'), async ({ body, request }) => {
      const address = addressOf(request);
      signInLimit.check(address, ANY_CODE);
      const credentials = await registrations.join(body.code, body.attempt);
      signInLimit.forget(address, ANY_CODE);
      return credentials;
    }),
    route(beginRegistration, open('a person decides about it'), ({ body, request }) =>
      registrations.begin(body, addressOf(request)),
    ),
    route(claimRegistration, open('the secret says which machine asks'), ({ body }) =>
      registrations.claim(body.secret),
    ),
    route(getRegistration, SIGNED_IN, async ({ params }) =>
      presentRegistration(await registrations.view(params.code)),
    ),
    route(acceptRegistration, SIGNED_IN, async ({ actor, params, body }) => {
      await mayAssignTo(access, actor, body);
      return registrations.accept(actor, params.code, body);
    }),
    route(refuseRegistration, SIGNED_IN, ({ params }) => registrations.refuse(params.code)),
    route(renewDeviceCredentials, may('device:create', 'device'), ({ actor, params, body }) =>
      identities.renew(actor, params.id, body.graceHours),
    ),
    route(acceptMachine, may('device:create', 'device'), ({ actor, params }) =>
      identities.acceptMachine(actor, params.id),
    ),
    route(importMachine, AGENT, async ({ body, request }) => {
      const actor = await authenticator.authenticate(request);
      if (actor?.kind !== 'device') {
        throw unauthenticated('Only devices send what was found on their machine, with their own token.');
      }
      return machineImport.take(actor.deviceId, body);
    }),
  ];
}
