import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface DeployProperties extends EditorNodeProperties {
  sends: 'end' | 'changes';
}

RED.nodes.registerType<DeployProperties, { webhook: string }>('flowyard-deploy', {
  category: 'Flowyard',
  color: '#a6bbcf',
  icon: 'font-awesome/fa-rocket',
  defaults: {
    name: { value: '' },
    sends: { value: 'end', required: true },
  },
  credentials: { webhook: { type: 'password' } },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'deploy',
  label() {
    return this.name || this._('flowyard-deploy.paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
});
