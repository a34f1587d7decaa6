import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface SnapshotProperties extends EditorNodeProperties {
  snapshotName: string;
  snapshotNameType: string;
  description: string;
  descriptionType: string;
}

const SOURCES = ['str', 'msg', 'flow', 'global', 'env', 'jsonata'] as const;

RED.nodes.registerType<SnapshotProperties>('flowyard-snapshot', {
  category: 'Flowyard',
  color: '#a6bbcf',
  icon: 'font-awesome/fa-camera',
  defaults: {
    name: { value: '' },
    snapshotName: { value: '' },
    snapshotNameType: { value: 'str' },
    description: { value: '' },
    descriptionType: { value: 'str' },
  },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'snapshot',
  label() {
    return this.name || this._('flowyard-snapshot.paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    for (const field of ['snapshotName', 'description']) {
      $(`#node-input-${field}`).typedInput({
        default: 'str',
        types: [...SOURCES],
        typeField: `#node-input-${field}Type`,
      });
    }
  },
});
