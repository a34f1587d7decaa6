import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface UpdateLockProperties extends EditorNodeProperties {
  property: string;
  propertyType: string;
  reason: string;
  reasonType: string;
  longestMinutes: string;
}

const MOST_MINUTES = 24 * 60;

RED.nodes.registerType<UpdateLockProperties>('flowyard-update-lock', {
  category: 'Flowyard',
  color: '#a6bbcf',
  icon: 'font-awesome/fa-lock',
  defaults: {
    name: { value: '' },
    property: { value: 'payload', validate: RED.validators.typedInput('propertyType') },
    propertyType: { value: 'msg' },
    reason: { value: 'reason', validate: RED.validators.typedInput('reasonType') },
    reasonType: { value: 'msg' },
    longestMinutes: {
      value: '60',
      validate(value: string) {
        const minutes = Number(value);
        return String(value ?? '').trim() !== '' && minutes > 0 && minutes <= MOST_MINUTES;
      },
    },
  },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'update lock',
  label() {
    return this.name || this._('flowyard-update-lock.paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    $('#node-input-property').typedInput({
      default: 'msg',
      types: ['msg', 'flow', 'global', 'jsonata'],
      typeField: '#node-input-propertyType',
    });
    $('#node-input-reason').typedInput({
      default: 'msg',
      types: ['msg', 'str', 'flow', 'global', 'env', 'jsonata'],
      typeField: '#node-input-reasonType',
    });
  },
});
