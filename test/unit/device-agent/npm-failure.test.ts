import assert from 'node:assert/strict';
import { readNpmFailure } from '../../../device-agent/src/release/npm-failure.ts';

describe('reading why npm failed', () => {
  it('names a module that does not exist and says what to do', () => {
    const failure = readNpmFailure([
      'npm http fetch GET 404 https://registry.example/flowyard-no-such-module 120ms',
      'npm error code E404',
      'npm error 404 Not Found - GET https://registry.example/flowyard-no-such-module - Not found',
      "npm error 404  'flowyard-no-such-module@1.0.0' is not in this registry.",
    ]);

    assert.equal(failure.kind, 'permanent');
    assert.match(failure.message, /flowyard-no-such-module@1\.0\.0 is not in the registry/);
    assert.match(failure.message, /take a new snapshot/);
  });

  it('names a version that does not exist', () => {
    const failure = readNpmFailure([
      'npm error code ETARGET',
      'npm error notarget No matching version found for @acme/pump@99.0.0.',
    ]);

    assert.equal(failure.kind, 'permanent');
    assert.match(failure.message, /The module @acme\/pump@99\.0\.0 is not/);
  });

  for (const code of [
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ETIMEDOUT',
    'E503',
    'EINTEGRITY',
    'ENOSPC',
  ]) {
    it(`expects that ${code} passes`, () => {
      assert.equal(readNpmFailure([`npm error code ${code}`]).kind, 'transient');
    });
  }

  it('understands older npm, too', () => {
    assert.equal(readNpmFailure(['npm ERR! code ENOTFOUND']).kind, 'transient');
  });

  it('does not tell the password of a registry', () => {
    const failure = readNpmFailure([
      'npm error code EWEIRD',
      'npm error GET https://me:secret@host/x failed',
    ]);

    assert.doesNotMatch(failure.message, /secret/);
  });
});
