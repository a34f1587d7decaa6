import { startControlPlane } from './test/support/control-plane.ts';
import { buildApplication, buildInstance } from './test/support/builders.ts';
const nodes = (n: number) => { const out: any[] = []; for (let t = 0; t < 50; t++) { out.push({ id: `tab${t}`, type: 'tab', label: `Line ${t}` }); for (let i = 0; i < n / 50 - 1; i++) { const id = `n${t}-${i}`; out.push({ id, type: i % 3 ? 'function' : 'change', z: `tab${t}`, name: `step ${i}`, func: `// step ${i}\nmsg.payload = msg.payload * ${i};\nmsg.topic = 'line/${t}/${i}';\nreturn msg;`, outputs: 1, x: 100 + (i % 10) * 160, y: 60 + Math.floor(i / 10) * 60, wires: [[`n${t}-${i + 1}`]] }); } } return out; };
const cp = await startControlPlane();
try {
  const { applicationId } = await buildApplication(cp);
  const old = nodes(5000);
  const edited = structuredClone(old).filter((n) => n.id !== 'n7-9');
  for (let i = 0; i < 40; i++) { const n = edited[100 + i * 100]; if (n.type === 'function') n.func = n.func.replace('return msg;', 'node.status({});\nreturn msg;'); else n.name = `renamed ${i}`; }
  edited.push({ id: 'new1', type: 'debug', z: 'tab3', name: 'watch', x: 10, y: 10, wires: [] });
  const a = await buildInstance(cp, applicationId, { flows: edited });
  const b = await buildInstance(cp, applicationId, { flows: old });
  const p = await cp.admin.call('createPipeline', { params: { id: applicationId }, body: { name: 'Big' } });
  const params = { id: p.id };
  await cp.admin.call('createStage', { params, body: { name: 'Development', instanceId: a.id } });
  const { stages } = await cp.admin.call('createStage', { params, body: { name: 'Production', instanceId: b.id } });
  for (let i = 0; i < 5; i++) { const t = performance.now(); const r = await cp.admin.call('dryRunStage', { params: { id: stages[0]!.id } }); console.log('dry run', old.length, 'nodes', Math.round(performance.now() - t), 'ms', JSON.stringify(r.comparison.flows.counts), JSON.stringify(r.effects)); }
  const s1 = await cp.admin.call('createInstanceSnapshot', { params: { id: a.id }, body: { name: 'New' } });
  const s2 = await cp.admin.call('createInstanceSnapshot', { params: { id: b.id }, body: { name: 'Old' } });
  for (let i = 0; i < 5; i++) { const t = performance.now(); const r = await cp.admin.call('diffSnapshots', { params: { id: s2.id, otherId: s1.id } }); console.log('compare', Math.round(performance.now() - t), 'ms', JSON.stringify(r.flows.counts)); if (i === 0) console.log(JSON.stringify(r.flows.flows[0]!.nodes[0], null, 1).slice(0, 900)); }
} finally { await cp.stop(); }
process.exit(0);
