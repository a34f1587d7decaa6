// Puts the shipped blueprints into the package of the control plane.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const target = join(root, 'control-plane/dist/blueprints');

rmSync(target, { recursive: true, force: true });
cpSync(join(root, 'examples/blueprints'), target, { recursive: true });
writeFileSync(join(target, '.built'), '');
