import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeBinding, RuntimeHost } from '@flowyard/protocol';
import { HostedFlows } from '../../../../plugins/src/storage/hosted-flows.ts';

/** What the control plane has: each write counts up, and nothing is refused. */
function serveFlows(): Server {
  let revision = 1;
  return createServer((request, response) => {
    revision += request.method === 'PUT' ? 1 : 0;
    request
      .resume()
      .once('end', () => response.end(JSON.stringify({ revision, flows: [], credentials: {} })));
  });
}

describe('the flows of a hosted instance on its own disk', () => {
  let folder: string;
  let server: Server;
  let flows: HostedFlows;
  let warnings: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flowyard-hosted-'));
    warnings = [];
    server = serveFlows();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    flows = new HostedFlows(
      hostIn(folder, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, warnings),
    );
  });
  afterEach(async () => {
    await flows.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const deploy = (deployed: Array<Record<string, unknown>>) =>
    flows.write({ flows: deployed, credentials: undefined }, undefined);

  it('are those of a deploy that comes while the ones before are still being written', async () => {
    await flows.read();
    const before = { revision: 1, flows: [{ id: 'old' }], credentials: {}, credentialsChanged: false };
    for (let round = 0; round < 40; round += 1) {
      const deployed = [{ id: `new ${round}` }];
      await Promise.all([flows.accept(before), deploy(deployed)]);

      const kept = JSON.parse(await readFile(join(folder, '.flowyard/flows.json'), 'utf8'));
      assert.deepEqual(kept.flows, deployed);
    }
  });

  it('may fail to be written: what the control plane has runs all the same, and it is said', async () => {
    await mkdir(join(folder, '.flowyard'));
    await symlink('/dev/full', join(folder, '.flowyard/flows.json.tmp'));

    await flows.read();
    await deploy([{ id: 'new' }]);

    assert.equal(flows.revision(), 2);
    assert.equal(warnings.length, 2);
    assert.match(String(warnings.at(-1)), /local copy of the flows could not be written.*ENOSPC/);
  });
});

function hostIn(folder: string, controlUrl: string, warnings: string[]): RuntimeHost {
  const binding = { subjectId: 'inst01', token: 'token' } as RuntimeBinding;
  return {
    folder,
    bound: Promise.resolve(binding),
    binding: () => binding,
    controlUrl: () => controlUrl,
    log: (level, text) => level === 'warn' && warnings.push(text),
    emit: () => {},
    setStep: () => {},
    flowsRevisionChanged: () => {},
  };
}
