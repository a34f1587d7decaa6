import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface LinkInProperties extends EditorNodeProperties {
  link: string;
  hears: 'application' | 'team';
}

interface AddressProperties extends EditorNodeProperties {
  place: string;
  target: string;
  link: string;
}

interface LinkOutProperties extends AddressProperties {
  mode: 'send' | 'answer';
  confirm: 'kept' | 'delivered';
  expires: string;
}

interface LinkCallProperties extends AddressProperties {
  timeout: string;
}

const COMMON = { category: 'Flowyard', color: '#a6bbcf' } as const;

/** A link is the last part of an address, which slashes divide. */
function isLink(value: unknown): boolean {
  const text = String(value ?? '').trim();
  return text !== '' && !text.includes('/');
}

function isSeconds(value: unknown): boolean {
  return value === '' || value === undefined || Number(value) >= 0;
}

/** What the dialog shows counts while it is open, since what it hides need not be filled in. */
function chosen(field: string, saved: string | undefined): string {
  return String($(`#node-input-${field}`).val() ?? saved ?? '');
}

function needsAddress(node: { mode?: string; place?: string }): boolean {
  return chosen('mode', node.mode) !== 'answer' && chosen('place', node.place) !== 'message';
}

const ADDRESS_DEFAULTS = {
  place: { value: 'instance', required: true },
  target: {
    value: '',
    validate(this: AddressProperties & { mode?: string }, value: string) {
      return !needsAddress(this) || String(value).trim() !== '';
    },
  },
  link: {
    value: '',
    validate(this: AddressProperties & { mode?: string }, value: string) {
      return !needsAddress(this) || isLink(value);
    },
  },
};

function showAddress(): void {
  const isByMessage = $('#node-input-place').val() === 'message';
  $('.flowyard-link-target').toggle(!isByMessage);
  $('.flowyard-link-by-message').toggle(isByMessage);
  $('#node-input-target, #node-input-link').trigger('change');
}

function prepareAddress(): void {
  $('#node-input-place').on('change', showAddress);
  showAddress();
}

/** What is sent where: the label of a node without a name. */
function labelOf({ name, place, target, link }: AddressProperties, fallback: string): string {
  return name || (place !== 'message' && target !== '' ? `${target} / ${link}` : fallback);
}

RED.nodes.registerType<LinkInProperties>('flowyard-link-in', {
  ...COMMON,
  icon: 'link-out.svg',
  defaults: {
    name: { value: '' },
    link: { value: '', validate: isLink },
    hears: { value: 'application', required: true },
  },
  inputs: 0,
  outputs: 1,
  paletteLabel: 'link in',
  label() {
    return this.name || this.link || this._('flowyard-link-in.paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
});

RED.nodes.registerType<LinkOutProperties>('flowyard-link-out', {
  ...COMMON,
  icon: 'link-out.svg',
  align: 'right',
  defaults: {
    name: { value: '' },
    mode: { value: 'send', required: true },
    ...ADDRESS_DEFAULTS,
    confirm: { value: 'kept', required: true },
    expires: { value: '', validate: isSeconds },
  },
  inputs: 1,
  outputs: 0,
  paletteLabel: 'link out',
  label() {
    const fallback = this._(
      this.mode === 'answer' ? 'flowyard-link-out.answerLabel' : 'flowyard-link-out.paletteLabel',
    );
    return this.mode === 'answer' ? this.name || fallback : labelOf(this, fallback);
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    const showMode = () => {
      $('.flowyard-link-sending').toggle($('#node-input-mode').val() !== 'answer');
      showAddress();
    };
    $('#node-input-mode').on('change', showMode);
    prepareAddress();
    showMode();
  },
});

RED.nodes.registerType<LinkCallProperties>('flowyard-link-call', {
  ...COMMON,
  icon: 'link-call.svg',
  defaults: {
    name: { value: '' },
    ...ADDRESS_DEFAULTS,
    timeout: { value: '30', validate: isSeconds },
  },
  inputs: 1,
  outputs: 1,
  paletteLabel: 'link call',
  label() {
    return labelOf(this, this._('flowyard-link-call.paletteLabel'));
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare: prepareAddress,
});
