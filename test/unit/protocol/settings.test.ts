import assert from 'node:assert/strict';
import {
  AnySettings,
  DEFAULT_SETTINGS,
  DeviceSettings,
  ExactModules,
  isSecretSetting,
  RuntimeSettings,
  SETTING_KEYS,
  settingContradictions,
  settingDefinition,
} from '@flowyard/protocol';

function accepts(settings: unknown): boolean {
  return RuntimeSettings.safeParse(settings).success;
}

const HOSTILE: Record<string, unknown[]> = {
  'editor.title': ['', ' ', 'a\nb', 'a\u0000b', 'x'.repeat(61), 7],
  'editor.headerUrl': ['javascript:alert(1)', 'file:///etc/passwd', 'https://me:secret@host/', '//host', ''],
  'editor.headerColour': ['red', '#12345', '#fff;}body{display:none', 'url(x)'],
  'editor.theme': ['../theme', 'constructor', '__proto__', 'a/b', 'Theme', ''],
  'editor.codeEditor': ['vim', null],
  'palette.allow': [['../x'], ['a*b*c*d*e'], ['x@file:../y'], ['x@git+ssh://host/y'], ['constructor'], '*'],
  'palette.deny': [['(a+)+$'], [''], Array.from({ length: 201 }, () => 'a'), [null]],
  'palette.catalogues': [['ftp://host/list.json'], ['javascript:1'], 'https://host'],
  'palette.npmrc': [
    '',
    'prefix=/usr',
    'a=1\nscript-shell = /tmp/x',
    'x'.repeat(20_001),
    '\u0000',
    { set: false },
  ],
  'http.access': ['open', true],
  'http.basicUser': ['a:b', 'a b', '', 'é'],
  'http.basicPassword': ['short', 'x'.repeat(257)],
  'http.corsOrigins': [['https://host/path'], ['null'], ['https://host/'], ['host']],
  'http.dashboardPath': ['../ui', '/ui', 'ui/', 'flows', 'auth/ui', '.flowyard', 'a//b', 'a b', '%2e'],
  'runtime.apiBodyMb': [0, 101, 1.5, '20', Number.NaN, Number.POSITIVE_INFINITY],
  'runtime.debugLength': [99, 100_001],
  'runtime.timeZone': ['Mars/Phobos', '../../etc', 'Europe/Berlin; rm', '', 'x'.repeat(65)],
  'safety.healthInterval': [4, 601],
  'safety.crashes': [0, 101],
  'safety.limpMode': ['yes'],
  'alerts.memoryPercent': [0, 101],
  'alerts.diskPercent': [0, 101],
};

describe('The settings of Node-RED', () => {
  it('have a default that fits, a title and a sentence that explains them', () => {
    assert.equal(AnySettings.safeParse(DEFAULT_SETTINGS).success, true);
    for (const key of SETTING_KEYS) {
      const { title, help } = settingDefinition(key);
      assert.ok(title.length > 2 && title.length < 40, key);
      assert.match(help, /\.$/, key);
    }
  });

  it('of trials are for devices and their groups alone', () => {
    assert.equal(accepts({ 'trial.stableSeconds': 10 }), false);
    assert.equal(DeviceSettings.safeParse({ 'trial.stableSeconds': 10 }).success, true);
    for (const path of ['health', '/ä', '/a b', '//x\n', 'http://elsewhere/', '']) {
      assert.equal(DeviceSettings.safeParse({ 'trial.probePath': path }).success, false, path);
    }
  });

  it('may all be left out', () => {
    assert.deepEqual(RuntimeSettings.parse({}), {});
  });

  for (const [key, values] of Object.entries(HOSTILE)) {
    it(`refuse hostile values of ${key}`, () => {
      for (const value of values) {
        assert.equal(accepts({ [key]: value }), false, `${key} = ${JSON.stringify(value)}`);
      }
    });
  }

  it('refuse names that are not settings, __proto__ among them', () => {
    assert.equal(accepts({ 'editor.unknown': 1 }), false);
    assert.equal(accepts(JSON.parse('{"__proto__": {"editor.enabled": false}}')), false);
    assert.equal(accepts(JSON.parse('{"constructor": 1}')), false);
  });

  it('take what people mean', () => {
    const settings = {
      'palette.allow': ['node-red-contrib-*', '@scope/*', 'node-red-dashboard@^3.0.0'],
      'palette.npmrc': '//registry.example.com/:_authToken=abc\nregistry=https://registry.example.com/',
      'http.corsOrigins': ['*', 'https://example.com:8443'],
      'http.dashboardPath': 'line/4',
      'runtime.timeZone': 'Europe/Berlin',
      'login.password': { set: true },
    };
    assert.deepEqual(RuntimeSettings.parse(settings), settings);
  });

  it('know which of them are never shown', () => {
    assert.deepEqual(SETTING_KEYS.filter(isSecretSetting), [
      'palette.npmrc',
      'http.basicPassword',
      'login.password',
    ]);
  });

  it('contradict each other when one is missing that another needs', () => {
    assert.deepEqual(settingContradictions(DEFAULT_SETTINGS), []);
    const basic = settingContradictions({ ...DEFAULT_SETTINGS, 'http.access': 'basic' });
    assert.deepEqual(
      basic.map(({ key }) => key),
      ['http.basicUser', 'http.basicPassword'],
    );
    const login = settingContradictions({ ...DEFAULT_SETTINGS, 'login.user': 'emergency' });
    assert.deepEqual(
      login.map(({ key }) => key),
      ['login.password'],
    );
  });

  it('pin modules to exact versions only', () => {
    assert.equal(ExactModules.safeParse({ 'node-red-dashboard': '3.6.5' }).success, true);
    for (const modules of [
      { a: '^1.0.0' },
      { a: 'latest' },
      { a: 'file:../x' },
      { '../a': '1.0.0' },
      { constructor: '1.0.0' },
    ]) {
      assert.equal(ExactModules.safeParse(modules).success, false, JSON.stringify(modules));
    }
    assert.deepEqual(ExactModules.parse(JSON.parse('{"__proto__": "1.0.0"}')), {});
  });
});
