// Classes of one's own, training, and what it did to the weights.

import { element } from './show.js';

const $ = (id) => document.getElementById(id);

const svgWidth = 278, svgHeight = 118, left = 34, top = 8; // of the curve's axes

// ask sends a request to the server and returns its answer. An error says what
// the server said.
export async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(path, { method, body });
  } catch {
    throw new Error('The server does not answer. Is the program that serves this page still running?');
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response) {
  const text = await response.text();
  try {
    const error = new Error(JSON.parse(text).error);
    error.status = response.status;
    return error;
  } catch {
    return new Error(`status ${response.status}: ${text.slice(0, 200)}`);
  }
}

// merged returns the state with what an answer of the server says, and throws if
// the session has ended meanwhile.
export function merged(state, answer) {
  const ended = state?.session && state.session !== answer.session;
  return [{ ...state, ...answer }, ended ? new Error('The session had ended: it was idle, and another browser needed its place, or the server began anew. Its samples are gone.') : null];
}

const busy = (button, is) => button.setAttribute('aria-disabled', is); // disabled, it would lose the focus
const isBusy = (button) => button.getAttribute('aria-disabled') === 'true';

// last returns how many layers are to be trained.
export const last = () => Number(document.querySelector('input[name=last]:checked').value);

// inView scrolls to what was said, where that is out of sight.
function inView(e) {
  const r = e.getBoundingClientRect();
  if (r.top < 0 || r.bottom > 0.8 * innerHeight) e.scrollIntoView({ block: 'center' });
}

// buttons makes those of training work. refresh() is called after each change,
// complain(error) with what went wrong, or null.
export function buttons(refresh, complain) {
  const changing = ['retrain', 'step', 'reset'].map($);
  busy($('stop'), true);
  const on = (id, work) => $(id).addEventListener('click', async () => {
    if (isBusy($(id))) return;
    changing.forEach((b) => busy(b, true));
    complain(null);
    let after, failed = null;
    try { after = await work(); } catch (error) { failed = error; }
    try { await refresh(); } catch (error) { failed ??= error; }
    if (!failed) {
      after();
      inView($('status'));
    }
    complain(failed);
    changing.forEach((b) => busy(b, false));
    busy($('stop'), true);
  });
  on('retrain', async () => {
    busy($('stop'), false);
    const result = await retrain(last());
    return () => finished(result);
  });
  on('step', async () => {
    const result = await (await ask('POST', '/step', JSON.stringify({ last: last() }))).json();
    return () => stepped(result);
  });
  on('reset', async () => {
    await ask('POST', '/reset');
    return () => {
      $('training').hidden = $('weights').hidden = $('one-step').hidden = true;
      $('status').textContent = 'The network is as loaded again.';
    };
  });
  $('stop').addEventListener('click', () => { if (!isBusy($('stop'))) ask('POST', '/stop').catch(complain); });
}

// events yields the server-sent events of a response.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    for (let end; (end = rest.indexOf('\n\n')) >= 0; rest = rest.slice(end + 2)) {
      const event = { name: '', data: '' };
      for (const line of rest.slice(0, end).split('\n')) {
        if (line.startsWith('event: ')) event.name = line.slice(7);
        if (line.startsWith('data: ')) event.data += line.slice(6);
      }
      yield { name: event.name, data: JSON.parse(event.data) };
    }
  }
}

// classes lists the samples: count(c) says how many of a class there are, picture(c)
// returns an element that shows them, remove(name, what) is called by buttons.
export function classes(state, count, picture, remove) {
  const focused = document.activeElement?.dataset?.remove;
  $('known').replaceChildren();
  $('classes').replaceChildren();
  for (const c of state.samples) {
    element('option', undefined, $('known')).value = c.name;
    const item = element('li', undefined, $('classes'));
    const row = element('div', undefined, item);
    row.className = 'row';
    element('span', `${c.name}: ${count(c)}`, row).className = 'name';
    for (const [what, text] of [['latest', 'Undo'], ['all', 'Remove']]) {
      const button = element('button', text, row);
      button.type = 'button';
      button.dataset.remove = `${what} ${c.name}`;
      button.setAttribute('aria-label', what === 'latest' ? `Undo the latest of ${c.name}` : `Remove the class ${c.name}`);
      button.addEventListener('click', () => remove(c.name, what));
      if (button.dataset.remove === focused) button.focus();
    }
    item.append(picture(c));
  }
  if (focused && document.activeElement === document.body) $('class').focus();
}

// retrain trains and shows how it goes. It returns what the training did.
export async function retrain(last) {
  const response = await ask('POST', '/retrain', JSON.stringify({ last }));
  const losses = [];
  let drawn = false;
  const draw = (of) => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => { drawn = false; curve(losses, of); });
  };
  for await (const { name, data } of events(response)) {
    if (name === 'features') {
      $('status').textContent = `Running the frozen layers: ${data.done} of ${data.of} photos.`;
    } else if (name === 'start') {
      $('training').hidden = false;
      $('weights').hidden = $('one-step').hidden = true;
      const on = `${data.samples} samples` + (data.examples > data.samples ? `, ${data.examples} with altered copies` : '') + (data.held ? `, ${data.held} held out` : '');
      $('status').textContent = `Training ${data.trained.join(', ')} on ${on}: ${data.epochs} epochs, ${data.steps} steps.`;
      $('progress').max = data.steps;
    } else if (name === 'step') {
      losses.push(data.loss);
      $('progress').value = data.step;
      draw(data.of);
    } else if (name === 'done') {
      curve(losses, $('progress').max);
      return data;
    } else if (name === 'error') {
      throw new Error(data.error);
    }
  }
  throw new Error('The training was cut off.');
}

function curve(losses, of) {
  const most = Math.max(...losses, 0.001);
  $('curve-line').setAttribute('points', losses.map((loss, i) =>
    `${(left + svgWidth * (i + 1) / of).toFixed(1)},${(top + svgHeight * (1 - loss / most)).toFixed(1)}`).join(' '));
  $('curve-top').textContent = most.toFixed(2);
  $('curve-end').textContent = `step ${losses.length} of ${of}: ${losses.at(-1)?.toFixed(4) ?? ''}`;
  $('curve').setAttribute('aria-label', `Loss over ${losses.length} of ${of} steps, from ${losses[0]?.toFixed(2)} to ${losses.at(-1)?.toFixed(4)}`);
}

function table(place, caption, heads) {
  place.hidden = false;
  place.replaceChildren();
  const t = element('table', undefined, place);
  element('caption', caption, t);
  const row = t.createTHead().insertRow();
  for (const head of heads) element('th', head, row).scope = 'col';
  return t.createTBody();
}

function hash(cell, sum) {
  element('code', sum.slice(0, 8), cell).title = `SHA-256 ${sum}`;
}

// measured says how good a training was, and by what that is measured.
function measured(result) {
  if (!result.held_out) return `${result.right} of ${result.measured} drawings are recognised, all of them taught.`;
  if (result.measured === 0) return 'No photo is held out to measure it: that begins with 5 of a class.';
  const classes = result.recalls.map((r) => `${r.class} ${r.right} of ${r.measured}`).join(', ');
  return `Accuracy on photos held out, none of them taught: ${result.right} of ${result.measured} (${classes}).`;
}

// finished tells what a training did.
export function finished(result) {
  $('status').textContent = `${result.stopped ? 'Stopped; what was learnt so far is kept' : 'Trained'} in ${result.seconds.toFixed(2)} s. ` +
    `${measured(result)} Frozen weights bit-identical: ${result.frozen_identical ? 'yes' : 'NO'}.`;
  const body = table($('weights'), 'SHA-256 of the weights', ['Weight', 'Before', 'After', '']);
  for (const w of result.weights) {
    const row = body.insertRow();
    element('th', w.name, row).scope = 'row';
    hash(row.insertCell(), w.before);
    hash(row.insertCell(), w.after);
    row.insertCell().textContent = w.trained ? (w.before === w.after ? 'trained, unchanged' : 'trained') : (w.before === w.after ? 'frozen, untouched' : 'frozen, CHANGED');
  }
}

// stepped tells what one step did.
export function stepped(result) {
  $('status').textContent = `Step ${result.step}: ${result.examples} examples, loss ${result.loss.toFixed(4)} before it, ${result.correct} right.`;
  $('weights').hidden = true; // its hashes are of before this step
  const body = table($('one-step'), `Step ${result.step}, layer by layer`, ['Layer', 'Gradient norm', 'Weight change, L2']);
  for (const l of result.layers) {
    const row = body.insertRow();
    element('th', `${l.name}, ${l.trained ? 'trained' : 'frozen'}`, row).scope = 'row';
    row.insertCell().textContent = l.gradient === null ? '0 (none computed)' : l.gradient.toPrecision(4);
    row.insertCell().textContent = l.change === 0 ? '0' : l.change.toPrecision(4);
  }
}
