// Starts Flowyard with a furnished team to look at: `npm run demo`. Ctrl-C ends everything that it started.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const DATA = join(process.env.FLOWYARD_DATA ?? join(root, 'var'), 'demo');
const PASSWORD = 'demo-password';
const DEVICES = ['gateway-hall-1', 'gateway-hall-2'];
const FIRST_DEVICE_PORT = Number(process.env.FLOWYARD_DEMO_DEVICE_PORT ?? 1881);
const WAIT_MS = 180_000;

const children = [];

function say(line) {
  process.stdout.write(`${line}\n`);
}

function start(name, args, environment = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const log = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => log.push(line));
  }
  child.on('exit', (code) => {
    if (!ending && code !== 0) {
      say(`${name} ended with code ${code}:\n${log.slice(-10).join('\n')}`);
      void end(1);
    }
  });
  return { child, log };
}

let ending = false;
async function end(code) {
  if (ending) {
    return;
  }
  ending = true;
  say('Stopping the devices, the instances and the control plane …');
  await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) {
            resolve();
            return;
          }
          child.once('exit', resolve);
          child.kill('SIGTERM');
          setTimeout(() => child.kill('SIGKILL'), 15_000).unref();
        }),
    ),
  );
  process.exit(code);
}
process.on('SIGINT', () => void end(0));
process.on('SIGTERM', () => void end(0));

async function until(what, condition) {
  const giveUp = Date.now() + WAIT_MS;
  while (Date.now() < giveUp && !ending) {
    const value = await condition();
    if (value) {
      return value;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} did not happen within ${WAIT_MS / 1000} seconds.`);
}

let url = '';
let cookie = '';
async function api(method, path, body) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-requested-with': 'flowyard', cookie },
    ...(body && { body: JSON.stringify(body) }),
  });
  cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${answer.error.message}`);
  }
  return answer;
}

async function startControlPlane() {
  const { log } = start('The control plane', ['control-plane/dist/main.js', '--stop-instances'], {
    FLOWYARD_DATA: DATA,
    FLOWYARD_ADMIN_PASSWORD: PASSWORD,
    FLOWYARD_LOG_LEVEL: process.env.FLOWYARD_LOG_LEVEL ?? 'warn',
  });
  url = await until('The start of the control plane', () =>
    log.map((line) => /ready at (\S+)$/.exec(line)?.[1]).find(Boolean),
  );
  await api('POST', '/session', { username: 'admin', password: PASSWORD });
}

async function furnish() {
  const flows = JSON.parse(readFileSync(join(root, 'examples/flows/bottling-line.json'), 'utf8'));
  const team = await api('POST', '/teams', { name: 'Brewery North' });
  const application = await api('POST', `/teams/${team.id}/applications`, {
    name: 'Bottling line',
    description: 'Fills, caps and counts bottles. Simulated.',
  });
  const [dev, prod] = await Promise.all(
    ['line-dev', 'line-prod'].map((name) =>
      api('POST', `/applications/${application.id}/instances`, { name, env: { LINE_SPEED: '12' } }),
    ),
  );
  const { revision } = await api('GET', `/instances/${dev.id}/flows`);
  await api('PUT', `/instances/${dev.id}/flows`, { revision, flows });
  await api('POST', `/instances/${dev.id}/snapshots`, {
    name: 'First working line',
    description: 'The simulated filler with its page.',
  });
  const group = await api('POST', `/applications/${application.id}/device-groups`, {
    name: 'Hall gateways',
    description: 'The gateways at the fillers.',
  });
  const pipeline = await api('POST', `/applications/${application.id}/pipelines`, {
    name: 'Release to the halls',
  });
  const stages = `/pipelines/${pipeline.id}/stages`;
  await api('POST', stages, { name: 'Development', instanceId: dev.id, action: 'create' });
  await api('POST', stages, { name: 'Production', instanceId: prod.id, action: 'active' });
  await api('POST', stages, { name: 'Halls', deviceGroupId: group.id, protected: true });
  await furnishPlatform(team, application);
  return { team, application, group };
}

/** People with other roles, what there is to choose from, and something in the recycle bin. */
async function furnishPlatform(team, application) {
  await api('POST', '/users', { username: 'operator', password: PASSWORD, name: 'Operator' });
  await api('POST', `/teams/${team.id}/members`, { username: 'operator', role: 'dashboard' });
  await api('POST', `/teams/${team.id}/invitations`, { invitee: 'planner@example.com', role: 'member' });
  await api('PUT', `/applications/${application.id}/env`, { items: [{ name: 'PLANT', value: 'north' }] });
  await api('POST', '/instance-types', {
    name: 'Small',
    description: 'For flows that pass on a few values.',
    memoryMb: 256,
  });
  await api('POST', '/templates', {
    name: 'Plant standard',
    description: 'Asks for alerts at 80 % of the memory.',
    content: {
      settings: { 'alerts.memoryPercent': 80 },
      locked: ['alerts.memoryPercent'],
      variables: [],
      modules: {},
      flows: null,
    },
  });
  const old = await api('POST', `/applications/${application.id}/instances`, {
    name: 'line-old',
    start: false,
  });
  await api('DELETE', `/instances/${old.id}`);
}

async function findFurniture() {
  const team = (await api('GET', '/teams?search=Brewery North')).items[0];
  if (!team) {
    say('Furnishing the team …');
    return furnish();
  }
  const application = (await api('GET', `/teams/${team.id}/applications`)).items[0];
  const group = (await api('GET', `/applications/${application.id}/device-groups`)).items[0];
  return { team, application, group };
}

async function register(name, { team, group }) {
  const dir = join(DATA, 'devices', name);
  if (existsSync(join(dir, 'device.yml'))) {
    return;
  }
  mkdirSync(dir, { recursive: true });
  const { token } = await api('POST', `/teams/${team.id}/provisioning-tokens`, {
    name: `Demo: ${name}`,
    deviceGroupId: group.id,
    uses: 1,
  });
  const args = [
    'device-agent/dist/main.js',
    'register',
    '--url',
    url,
    '--token',
    token,
    '--name',
    name,
    '--dir',
    dir,
  ];
  const { child, log } = start(`Registering ${name}`, args);
  await until(`Registering ${name}`, () => child.exitCode !== null);
  if (child.exitCode !== 0) {
    throw new Error(log.join('\n'));
  }
}

async function startDevices(furniture) {
  // One copy of Node-RED on this disk is enough for both.
  const store = join(DATA, 'device-store');
  for (const [index, name] of DEVICES.entries()) {
    await register(name, furniture);
    const port = FIRST_DEVICE_PORT + index;
    start(name, [
      'device-agent/dist/main.js',
      '--dir',
      join(DATA, 'devices', name),
      '--port',
      String(port),
      '--store',
      store,
    ]);
  }
  await until('The arrival of the devices', async () => {
    const { items } = await api('GET', `/teams/${furniture.team.id}/devices`);
    return items.filter(({ presence }) => presence === 'online').length === DEVICES.length;
  });
}

function explain({ team, application }) {
  const { protocol, host } = new URL(url);
  say(`
The demo runs. Sign in as admin with the password ${PASSWORD}.

  The team           ${url}/teams/${team.id}
  The application    ${url}/applications/${application.id}
  Editor, line-dev   ${protocol}//line-dev.${host}
  The line's page    ${protocol}//line-dev.${host}/line

Try this: open the pipeline "Release to the halls" and push from Development to Production, then from
Production to the halls, and watch the two gateways take it. Their pages are then at
  http://localhost:${FIRST_DEVICE_PORT}/line and http://localhost:${FIRST_DEVICE_PORT + 1}/line
Or sign in as operator with the same password, who sees pages and nothing else; look under Platform for
stacks, instance types and templates; bring line-old back from the recycle bin in the settings of the team.

Ctrl-C ends it. What you made stays in ${DATA}.`);
}

try {
  await startControlPlane();
  const furniture = await findFurniture();
  await startDevices(furniture);
  explain(furniture);
} catch (error) {
  say(error.message);
  await end(1);
}
