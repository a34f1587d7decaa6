import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  forwardedHeaders,
  instanceNameOf,
  isFromOwnPages,
  isNavigation,
  pathOf,
  stripCookies,
} from '../../../control-plane/src/proxy/proxied-request.ts';

function buildRequest(headers: IncomingHttpHeaders, changes: object = {}): IncomingMessage {
  const socket = { remoteAddress: '10.0.0.1' };
  return { headers, method: 'GET', url: '/', socket, ...changes } as unknown as IncomingMessage;
}

describe('a request to an instance', () => {
  it('names it by its host', () => {
    const nameOf = (host: string) => instanceNameOf(buildRequest({ host }), 'flows.example.com');

    assert.equal(nameOf('line-1.flows.example.com:8080'), 'line-1');
    assert.equal(nameOf('LINE.Flows.Example.com'), 'line');
    assert.equal(nameOf('flows.example.com'), null);
    assert.equal(nameOf('line.example.com'), null);
    assert.equal(nameOf('a.b.flows.example.com'), '');
    assert.equal(nameOf('1line.flows.example.com'), '');
    assert.equal(instanceNameOf(buildRequest({}), 'localhost'), null);
  });

  it('is a navigation when a person opens a page', () => {
    assert.equal(isNavigation(buildRequest({ accept: 'text/html,*/*' })), true);
    assert.equal(isNavigation(buildRequest({ accept: 'text/html', 'sec-fetch-mode': 'cors' })), false);
    assert.equal(isNavigation(buildRequest({ accept: '*/*' })), false);
    assert.equal(isNavigation(buildRequest({ accept: 'text/html' }, { method: 'POST' })), false);
  });

  it('acts for a person only from the pages of its own origin', () => {
    const host = 'line.localhost:3000';

    assert.equal(isFromOwnPages(buildRequest({ host })), true);
    assert.equal(isFromOwnPages(buildRequest({ host, origin: 'http://line.localhost:3000' })), true);
    assert.equal(isFromOwnPages(buildRequest({ host, origin: 'http://other.localhost:3000' })), false);
    assert.equal(isFromOwnPages(buildRequest({ host, origin: 'null' })), false);
    assert.equal(isFromOwnPages(buildRequest({ host, 'sec-fetch-site': 'same-site' })), false);
    assert.equal(
      isFromOwnPages(buildRequest({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })),
      true,
    );
  });

  it('loses the cookies that are ours', () => {
    const of = (cookie: string) => {
      const headers: IncomingHttpHeaders = { cookie };
      stripCookies(headers);
      return headers.cookie;
    };

    assert.equal(of('flowyard_session=a; x=1;flowyard_editor=b; y=flowyard_z'), 'x=1; y=flowyard_z');
    assert.equal(of('__Host-flowyard_session=a'), undefined);
  });

  it('is told on with its origin, and with what a trusted proxy says of it', () => {
    const headers = { host: 'line.localhost', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' };

    assert.deepEqual(forwardedHeaders(buildRequest(headers), false), {
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'line.localhost',
      'x-forwarded-port': '80',
    });
    assert.deepEqual(forwardedHeaders(buildRequest(headers), true), {
      'x-forwarded-for': '1.2.3.4, 10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'line.localhost',
      'x-forwarded-port': '443',
    });
  });

  it('has a path without its query', () => {
    assert.equal(pathOf(buildRequest({}, { url: '/a/b?c=/d' })), '/a/b');
  });
});
