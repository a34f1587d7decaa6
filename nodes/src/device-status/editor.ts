import type { EditorNodeProperties, EditorRED } from 'node-red';
import { STATUSES } from './statuses';

declare const RED: EditorRED;

interface DeviceStatusProperties extends EditorNodeProperties {
  scope: 'application' | 'device-group' | 'device';
  subject: string;
  statuses: string[];
  initial: boolean;
}

function showSubject(): void {
  const scope = String($('#node-input-scope').val());
  $('.flowyard-device-status-subject').toggle(scope !== 'application');
}

/** One checkbox for each status; none ticked means all of them. */
function fillStatuses(chosen: readonly string[], translate: (key: string) => string): void {
  const list = $('#flowyard-device-status-statuses').empty();
  for (const status of STATUSES) {
    const box = $('<input type="checkbox">').val(status).prop('checked', chosen.includes(status));
    const words = $('<span>').text(translate(`flowyard-device-status.statuses.${status}`));
    list.append($('<label>').append(box, words));
  }
}

RED.nodes.registerType<DeviceStatusProperties>('flowyard-device-status', {
  category: 'Flowyard',
  color: '#a6bbcf',
  icon: 'font-awesome/fa-heartbeat',
  defaults: {
    name: { value: '' },
    scope: { value: 'application', required: true },
    subject: {
      value: '',
      validate(value: string) {
        const scope = $('#node-input-scope').val() ?? this.scope;
        return scope === 'application' || String(value).trim() !== '';
      },
    },
    statuses: { value: [] },
    initial: { value: false },
  },
  inputs: 0,
  outputs: 1,
  paletteLabel: 'device status',
  label() {
    return this.name || this.subject || this._('flowyard-device-status.paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    fillStatuses(this.statuses ?? [], (key) => this._(key));
    $('#node-input-scope').on('change', showSubject);
    showSubject();
  },
  oneditsave() {
    const ticked = $('#flowyard-device-status-statuses input:checked').get();
    this.statuses = ticked.map((box) => String($(box).val()));
  },
});
