import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface HealthProperties extends EditorNodeProperties {
  property: string;
  propertyType: string;
  reason: string;
  reasonType: string;
  proofSeconds: string;
}

const MOST_PROOF_SECONDS = 600;

RED.nodes.registerType<HealthProperties>('flowyard-health', {
  category: 'Flowyard',
  color: '#a6bbcf',
  icon: 'font-awesome/fa-stethoscope',
  defaults: {
    name: { value: '' },
    property: { value: 'payload', validate: RED.validators.typedInput('propertyType') },
    propertyType: { value: 'msg' },
    reason: { value: 'reason', validate: RED.validators.typedInput('reasonType') },
    reasonType: { value: 'msg' },
    proofSeconds: {
      value: '',
      validate(value: string) {
        const seconds = Number(value);
        return String(value ?? '').trim() === '' || (seconds >= 1 && seconds <= MOST_PROOF_SECONDS);
      },
    },
  },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'health',
  label() {
    return this.name || this._('flowyard-health.paletteLabel');
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
