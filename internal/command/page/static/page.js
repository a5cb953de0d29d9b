// The page: what is drawn goes to the server, what it answers is shown.

import * as draw from './draw.js';
import * as show from './show.js';
import * as teach from './teach.js';

const $ = (id) => document.getElementById(id);

let state = null;

function complain(error) {
  $('alert').hidden = !error;
  $('alert').textContent = error ? error.message : '';
}

function mark() {
  $('trained-names').textContent = `trained: ${show.frozen(teach.last()).join(', ')}; all else frozen`;
}

// setState takes what an answer says, all of the state or a part.
function setState(answer) {
  const [all, ended] = teach.merged(state, answer);
  state = all;
  show.network(state);
  teach.classes(state, (c) => `${c.count} of ${state.limits.samples}`, picture, remove);
  mark();
  $('last-2').hidden = state.limits.last < 2;
  if (ended) throw ended;
}

function picture(c) {
  const canvas = show.element('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${c.count} drawings of ${c.name}`);
  return show.tiles(canvas, show.bytes(c.pixels), c.count, 28, 28, Math.min(10, c.count), 2);
}

const load = async () => setState(await (await teach.ask('GET', '/state')).json());

// One request is under way at a time; what is drawn meanwhile goes next.
let asking = false, again = false, drawnAt = 0, ended = true;

async function predict() {
  again = true;
  if (asking) return;
  asking = true;
  while (again) {
    again = false;
    if (draw.isEmpty()) { show.nothing('Draw something.'); continue; }
    const at = drawnAt;
    try {
      const p = await (await teach.ask('POST', `/predict?threshold=${show.threshold()}`, draw.png())).json();
      if (draw.isEmpty()) continue; // cleared meanwhile: again is set
      // Taught otherwise from another page.
      if (JSON.stringify(p.classes) !== JSON.stringify(state?.classes)) await load();
      show.prediction(p);
      complain(null);
      if (again) continue;
      timed(at);
      if (ended) show.speak();
    } catch (error) {
      if (error.status === 422) show.nothing('Too little ink to look at.');
      else complain(error);
    }
  }
  asking = false;
}

// timed says how long the answer took from the last event to the frame that
// shows it.
function timed(at) {
  requestAnimationFrame(() => setTimeout(() => {
    const now = performance.now();
    performance.measure('stroke to result', { start: at, end: now });
    $('timing').textContent = `Shown ${Math.max(1, Math.round(now - at))} ms after the pen moved.`;
  }));
}

draw.setUp((at, strokeEnded) => {
  drawnAt = at;
  ended = strokeEnded;
  predict();
}, () => {
  ended = true;
  if (!asking) show.speak();
});

show.onThreshold(() => {
  drawnAt = performance.now();
  predict();
});

$('clear').addEventListener('click', (event) => draw.clear(event.timeStamp));

$('upload').addEventListener('change', async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  try {
    await draw.open(file, event.timeStamp);
    complain(null);
  } catch {
    complain(new Error(`${file.name}: not an image that this browser can show`));
  }
  event.target.value = '';
});

$('add').addEventListener('submit', async (event) => {
  event.preventDefault();
  const name = $('class').value.trim();
  if (draw.isEmpty()) { complain(new Error('Draw something first.')); return; }
  try {
    setState(await (await teach.ask('POST', `/samples?class=${encodeURIComponent(name)}`, draw.png())).json());
    $('status').textContent = `Added to ${name}.`;
    complain(null);
    draw.clear(event.timeStamp);
  } catch (error) {
    complain(error);
  }
});

async function remove(name, what) {
  try {
    setState(await (await teach.ask('DELETE', `/samples?class=${encodeURIComponent(name)}&what=${what}`)).json());
    complain(null);
  } catch (error) {
    complain(error);
  }
}

for (const radio of document.querySelectorAll('input[name=last]')) radio.addEventListener('change', mark);

teach.buttons(async () => {
  await load();
  drawnAt = performance.now();
  predict();
}, complain);

try {
  await load();
} catch (error) {
  complain(error);
}
