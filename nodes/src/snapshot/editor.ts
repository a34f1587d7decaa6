import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface SnapshotProperties extends EditorNodeProperties {
  action: 'take' | 'restore';
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
    action: { value: 'take' },
    snapshotName: {
      value: '',
      validate(value: string) {
        const action = $('#node-input-action').val() ?? this.action;
        return action !== 'restore' || String(value).trim() !== '';
      },
    },
    snapshotNameType: { value: 'str' },
    description: { value: '' },
    descriptionType: { value: 'str' },
  },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'snapshot',
  label() {
    return (
      this.name || this._(`flowyard-snapshot.${this.action === 'restore' ? 'restoreLabel' : 'paletteLabel'}`)
    );
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    const action = $('#node-input-action').val(this.action ?? 'take');
    const showAction = () => {
      $('.flowyard-snapshot-taking').toggle(action.val() !== 'restore');
      $('.flowyard-snapshot-restoring').toggle(action.val() === 'restore');
      $('#node-input-snapshotName').trigger('change');
    };
    action.on('change', showAction);
    for (const field of ['snapshotName', 'description']) {
      $(`#node-input-${field}`).typedInput({
        default: 'str',
        types: [...SOURCES],
        typeField: `#node-input-${field}Type`,
      });
    }
    showAction();
  },
});
