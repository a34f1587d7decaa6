import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import helmet from 'helmet';

const YEAR_SECONDS = 365 * 24 * 3600;

/** What the page may load: only what this server sends. Scripts never inline. */
export function securityHeaders(secure: () => boolean): RequestHandler {
  const build = (https: boolean) =>
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'", 'data:'],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          frameAncestors: ["'none'"],
          objectSrc: ["'none'"],
          baseUri: ["'self'"],
          // Redirects after a form count, and signing in to an editor leads to its host.
          formAction: ["'self'"],
        },
      },
      strictTransportSecurity: https ? { maxAge: YEAR_SECONDS, includeSubDomains: true } : false,
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'same-origin' },
    });
  const overHttp = build(false);
  const overHttps = build(true);
  return (request, response, next) => (secure() ? overHttps : overHttp)(request, response, next);
}

/** The page and the documents. Every other address a browser navigates to is a place inside the page. */
export function webPage(distDir: string): Router {
  const router = Router();
  const webDir = join(distDir, 'web');
  const docsDir = join(distDir, 'docs');
  const assets = express.static(join(webDir, 'assets'), {
    immutable: true,
    maxAge: YEAR_SECONDS * 1000,
    index: false,
  });
  router.use('/assets', assets);
  router.use('/docs', express.static(docsDir, { extensions: ['html'], redirect: false }));
  router.use(express.static(webDir, { index: false }));
  router.get('/{*path}', (request, response, next) => {
    const navigates = request.accepts(['html', 'json']) === 'html' && !request.path.startsWith('/assets/');
    const page = join(webDir, 'index.html');
    if (!navigates || request.path.startsWith('/docs/') || !existsSync(page)) {
      next();
      return;
    }
    response.set('Cache-Control', 'no-cache').sendFile(page);
  });
  return router;
}
