/** Text in HTML. */
function asText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --text: #14232b; --muted: #51666f; --paper: #f3f6f7; --surface: #fff; --line: #d7e0e3; --accent: #0f5f6b; --bad: #b3261e; --warn: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --text: #e4edf0; --muted: #9db0b8; --paper: #0d1518; --surface: #141f23; --line: #2b3a40; --accent: #63c3d1; --bad: #ff8a80; --warn: #f0b35a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 16px; font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--paper); }
main { max-width: 900px; margin: 0 auto; display: grid; gap: 16px; }
h1 { font-size: 22px; margin: 0; }
h2 { font-size: 16px; margin: 0 0 8px; }
section { padding: 16px; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
dl { display: grid; grid-template-columns: minmax(110px, auto) 1fr; gap: 4px 16px; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
button, .button { font: inherit; text-decoration: none; display: inline-block; padding: 8px 14px; border: 1px solid var(--line); border-radius: 8px; color: var(--accent); background: transparent; cursor: pointer; }
[hidden] { display: none !important; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
p { margin: 0 0 12px; }
button:disabled { opacity: 0.5; cursor: default; }
button:focus-visible, .button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
pre { margin: 0; max-height: 360px; overflow: auto; font: 12.5px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
#problem:empty, #emergency-said:empty { display: none; }
.bad { color: var(--bad); } .warning { color: var(--warn); } .muted { color: var(--muted); }
ul { margin: 0 0 12px; padding-left: 20px; }
`;

const SCRIPT = `
const at = (id) => document.getElementById(id);
const post = (path) => fetch(path, { method: 'POST', headers: { 'X-Requested-With': 'flowyard' } });
function facts(id, rows) {
  at(id).replaceChildren(...rows.filter(([, value]) => value !== null && value !== '').flatMap(([name, value]) => {
    const dt = document.createElement('dt'); dt.textContent = name;
    const dd = document.createElement('dd'); dd.textContent = value;
    return [dt, dd];
  }));
}
function list(id, items) {
  at(id).replaceChildren(...items.map(({ text, className }) => {
    const li = document.createElement('li'); li.textContent = text; li.className = className || '';
    return li;
  }));
}
function emergency(shown) {
  at('emergency').hidden = shown === null;
  if (shown === null) return;
  const { minutes, leftMs, isReady } = shown;
  const isOpen = leftMs !== null;
  const left = Math.ceil(leftMs / 60000);
  at('emergency-closed').hidden = isOpen;
  at('emergency-opened').hidden = !isOpen;
  for (const place of document.getElementsByClassName('minutes')) place.textContent = inMinutes(minutes);
  at('emergency-left').textContent = 'Open for ' + (left > 1 ? 'another ' + left + ' minutes' : 'less than a minute') + (isReady ? '.' : '. Node-RED is being started with its editor.');
  at('editor').hidden = !isReady;
}
const inMinutes = (minutes) => minutes + (minutes === 1 ? ' minute' : ' minutes');
async function changeEmergency(path, done) {
  const { problem } = await (await post(path)).json();
  at('emergency-said').textContent = problem || done;
  look();
}
async function look() {
  try {
    const answer = await fetch('state');
    if (!answer.ok) throw new Error('The agent answers with status ' + answer.status + '.');
    const state = await answer.json();
    const { current, link } = state;
    facts('facts', [
      ['State', current.state + (current.step ? ': ' + current.step : '')],
      ['Reason', current.reason],
      ['A flow says', current.flow.unwell],
      ['A flow holds updates', current.flow.hold && current.flow.hold.reason],
      ['Target', state.targetSnapshot],
      ['Node-RED', current.nodeRed && current.nodeRed + ' on port ' + state.port],
      ['Control plane', state.url + ' (' + (link.problem || link.state) + ')'],
      ['Agent', state.agentVersion],
    ]);
    list('releases', state.releases.map(({ snapshot, role }) => ({ text: snapshot + (role === 'current' ? ' (current)' : ' (before)') })));
    at('roll-back').disabled = !state.releases.some(({ role }) => role === 'before');
    emergency(state.emergency);
    at('log').textContent = state.log.map(({ at, level, text }) => at + ' [' + level + '] ' + text).join('\\n') || 'Nothing yet.';
    at('problem').textContent = '';
  } catch (error) {
    at('problem').textContent = 'The agent cannot be asked: ' + error.message;
  }
}
at('roll-back').addEventListener('click', async () => {
  const before = [...at('releases').children].find((li) => li.textContent.endsWith('(before)'));
  if (!confirm('Go back to ' + before.textContent.replace(' (before)', '') + '? The device keeps it until somebody chooses another target or tries the update again.')) return;
  const { problem } = await (await post('roll-back')).json();
  at('rolled').textContent = problem || 'It goes back now.';
  look();
});
at('emergency-open').addEventListener('click', () => {
  if (confirm('Open the emergency editor? Node-RED is started again with its editor, so the flows stand still for some seconds.')) changeEmergency('emergency/open', '');
});
at('emergency-prolong').addEventListener('click', () => changeEmergency('emergency/open', 'Prolonged.'));
at('emergency-end').addEventListener('click', () => {
  if (confirm('End the emergency editor? What was edited is kept aside on this device, and it runs its target again.')) changeEmergency('emergency/end', 'It ends, and the target runs again.');
});
at('examine').addEventListener('click', async () => {
  at('examine').disabled = true;
  list('checks', [{ text: 'Looking…' }]);
  try {
    const checks = await (await post('examine')).json();
    list('checks', checks.map(({ name, level, found, advice }) => ({ className: level, text: name + ': ' + found + (advice ? ' → ' + advice : '') })));
  } catch (error) {
    list('checks', [{ text: error.message, className: 'bad' }]);
  } finally {
    at('examine').disabled = false;
  }
});
look();
setInterval(look, 3000);
`;

/** The page; what it shows is asked for by its script, so that names and logs are never markup. */
export function pageHtml(name: string, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>${asText(name)} · Flowyard device</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${asText(name)}</h1>
<p class="bad" id="problem" role="status"></p>
<section aria-labelledby="s1"><h2 id="s1">Status</h2><dl id="facts"></dl></section>
<section aria-labelledby="s2"><h2 id="s2">Releases</h2><ul id="releases"></ul>
<button type="button" id="roll-back" disabled>Go back to the one before</button> <span id="rolled" role="status"></span></section>
<section aria-labelledby="s5" id="emergency" hidden><h2 id="s5">Emergency editor</h2>
<div id="emergency-closed">
<p>Change the flows here and now, while the control plane is out of reach. Node-RED is started again with its editor, on a copy of the release that runs, for <span class="minutes"></span>. Meanwhile the device does not follow its target.</p>
<p class="muted">When the time is over, when somebody ends it, or when developer mode is switched on for this device, what was edited is kept aside on the device (folder developer-kept) and the target runs again.</p>
<button type="button" id="emergency-open">Open the emergency editor</button></div>
<div id="emergency-opened">
<p id="emergency-left" class="warning"></p>
<p class="muted">What is edited runs until then; prolong it as long as it is needed. When it ends, the edits are kept aside (folder developer-kept) and the target runs again. To keep them for good, take a snapshot of this device on the platform while it is open, once the control plane is reached again.</p>
<div class="actions"><a class="button" id="editor" href="editor/" target="_blank" rel="noopener">Open Node-RED</a>
<button type="button" id="emergency-prolong">Prolong to <span class="minutes"></span></button>
<button type="button" id="emergency-end">End it</button></div></div>
<p id="emergency-said" role="status"></p></section>
<section aria-labelledby="s3"><h2 id="s3">Network</h2><ul id="checks" aria-live="polite"></ul>
<button type="button" id="examine">Check network and machine</button></section>
<section aria-labelledby="s4"><h2 id="s4">Log of Node-RED</h2><pre id="log" tabindex="0"></pre></section>
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}
