#!/usr/bin/env node
'use strict';
// Checks a proof or an export of the MCP Audit System offline. One file, no dependencies, Node 18 or newer. It shares no code with
// the system on purpose: it follows RFC 8785, RFC 6962 and the C2SP formats signed-note and tlog-checkpoint alone.
const { createHash, createPublicKey, verify } = require('node:crypto');
const { createReadStream, readFileSync } = require('node:fs');
const { createGunzip } = require('node:zlib');

const HELP = `Usage: node verify-offline.cjs FILE [options]

Checks, without any network, that the events in FILE are what a ledger holds: their bytes are canonical JSON (RFC 8785) and give
the checksum and the leaf hash, the leaf hashes lead to the root of the tree (RFC 6962), and the root is in a checkpoint that an
Ed25519 key signed (C2SP signed note).

FILE is a proof (GET /audit/api/events/ID/proof) or an export as NDJSON (mcp-audit export --proofs), plain or gzip.

  --key KEY           public key of the ledger, NAME+ID+KEY, or a file with such keys, one a line; may be repeated.
                      Get it from somebody you trust, not with FILE
  --checkpoint FILE   a checkpoint that you kept: a signed note, or lines of a witness file. It must agree with FILE's
  --consistency FILE  the answer of GET /audit/api/ledger/consistency, needed if the checkpoint you kept has another size
  --json              the findings as JSON
  --help              this text

Exit code: 0 sound, 1 faults were found, 2 it could not be verified (no proofs in it, no such file, wrong usage).
It does not show that no event is missing from FILE, only that those in it are in the ledger unaltered.
`;

const PROOF = 'mcp-audit-proof/1';
const EXPORT = 'mcp-audit-export/1';
const TILE_LEVEL = 8;
const TILE_WIDTH = 256;
const SHOWN = 50;

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafHashOf = (bytes) => sha256(Buffer.from([0]), bytes);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const half = (n) => Math.floor(n / 2);
const isIndex = (value) => Number.isSafeInteger(value) && value >= 0;
const isHash = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const hashOf = (text) => Buffer.from(text, 'hex');

/** What was found. A fault speaks against FILE; what is unverified speaks neither for nor against it. */
class Findings {
  constructor() {
    Object.assign(this, { faults: [], unverified: [], warnings: [], passed: [], faultyLines: new Set() });
  }
  /** `where`: {line, lines, leafIndex, file} */
  fault(code, message, where = {}) {
    this.faults.push({ code, ...where, message });
    this.faultyLines.add(where.line);
  }
  hasFault(line) {
    return this.faultyLines.has(line);
  }
}

/** Ends the run: nothing can be said. */
class CannotVerify extends Error {}

// --- canonical JSON (RFC 8785) ---

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// --- keys and checkpoints (C2SP signed-note, tlog-checkpoint) ---

function parseKey(text) {
  const [, name, id, encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (name === undefined || bytes.length !== 33 || bytes[0] !== 1) return undefined;
  if (sha256(`${name}\n`, bytes).toString('hex', 0, 4) !== id) return undefined;
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { text, name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** What a signed note says; undefined if it is no checkpoint. */
function parseCheckpoint(note) {
  const end = typeof note === 'string' ? note.indexOf('\n\n') : -1;
  if (end < 0) return undefined;
  const text = note.slice(0, end + 1);
  const [origin, size, root = '', ...extensions] = text.split('\n').slice(0, -1);
  const hash = Buffer.from(root, 'base64');
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size) || hash.length !== 32 || hash.toString('base64') !== root)
    return undefined;
  const signatures = [];
  for (const line of note
    .slice(end + 2)
    .split('\n')
    .slice(0, -1)) {
    const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    if (name === undefined) return undefined;
    const bytes = Buffer.from(encoded, 'base64');
    signatures.push({ name, id: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) });
  }
  const time = extensions.find((line) => line.startsWith('time '))?.slice(5);
  return { origin, size: Number(size), root: hash, time, text, signatures };
}

/** Checks the signature; returns the text of the key that made it, undefined (and a fault) if none of `keys` did. */
function checkSignature(checkpoint, keys, findings, where) {
  const own = checkpoint.signatures.filter(({ name }) => name === checkpoint.origin);
  for (const { name, id, signature } of own) {
    for (const key of keys) {
      if (key.name !== name || key.id !== id) continue;
      if (verify(null, Buffer.from(checkpoint.text), key.key, signature)) return key.text;
      findings.fault(
        'forged',
        'the signature of the checkpoint does not fit its text: the checkpoint was altered',
        where,
      );
      return undefined;
    }
  }
  const signers = own.map(({ name, id }) => `${name}+${id}`).join(', ') || 'nobody under its own name';
  const known = keys.map(({ name, id }) => `${name}+${id}`).join(', ') || 'none';
  findings.fault(
    'wrong-key',
    `none of the known keys (${known}) signed the checkpoint; it is signed by ${signers}`,
    where,
  );
  return undefined;
}

// --- the tree (RFC 6962) ---

/** Root that an inclusion proof leads to; undefined if the proof has the wrong length. */
function rootFromInclusion(leaf, index, size, proof) {
  let [fn, sn, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else hash = nodeHash(hash, sibling);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? hash : undefined;
}

function isConsistent(from, to, fromRoot, toRoot, proof) {
  if (from < 1 || from >= to || proof.length === 0) return false;
  const [first, ...rest] = Number.isInteger(Math.log2(from)) ? [fromRoot, ...proof] : proof;
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [first, first];
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && fr.equals(fromRoot) && sr.equals(toRoot);
}

/** The complete subtrees that make up the leaves from `start` to before `end`. */
function subtrees(start, end) {
  const nodes = [];
  for (let at = start; at < end;) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= end) [level, width] = [level + 1, width * 2];
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** A tree that is built from the left; `completed(level, index, hash)` may correct the hash of a subtree that is whole. */
class Tree {
  constructor(completed) {
    Object.assign(this, { stack: [], completed });
  }
  push(level, index, hash) {
    for (let top = this.stack.at(-1); top?.level === level && index % 2 === 1; top = this.stack.at(-1)) {
      this.stack.pop();
      [level, index, hash] = [level + 1, half(index), nodeHash(top.hash, hash)];
      hash = this.completed(level, index, hash);
    }
    this.stack.push({ level, index, hash });
  }
  root() {
    return this.stack.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  }
}

// --- a proof ---

function verifyProof(proof, options, findings) {
  const about = { kind: 'proof', tenant: proof.tenant, events: 1, unsealed: 0 };
  const where = { leafIndex: proof.leafIndex };
  const text = typeof proof.envelope === 'string' ? proof.envelope : '';
  checkEvent(text, proof, proof.tenant, findings, where);
  if (findings.faults.length === 0) findings.passed.push('bytes: canonical; checksum and leaf hash recomputed');
  const checkpoint = openCheckpoint(proof.checkpoint, proof.publicKeys, proof.tenant, options, findings, about);
  if (!checkpoint) return about;
  const path = proof.inclusionProof;
  if (!isIndex(proof.leafIndex) || !Array.isArray(path) || !path.every(isHash)) {
    findings.fault('malformed', 'leafIndex or inclusionProof is malformed', where);
  } else if (proof.leafIndex >= checkpoint.size) {
    findings.fault('not-in-tree', `the checkpoint covers ${checkpoint.size} leaves only`, where);
  } else {
    const root = rootFromInclusion(leafHashOf(Buffer.from(text)), proof.leafIndex, checkpoint.size, path.map(hashOf));
    if (!root)
      findings.fault(
        'not-in-tree',
        `the inclusion proof has ${path.length} hashes, which is the wrong number for leaf ${proof.leafIndex} of ${checkpoint.size}: some were removed or added`,
        where,
      );
    else if (!root.equals(checkpoint.root))
      findings.fault(
        'not-in-tree',
        `the event is not leaf ${proof.leafIndex} of the tree: its inclusion proof does not lead to the root of the checkpoint`,
        where,
      );
    else findings.passed.push(`tree: the event is leaf ${proof.leafIndex} of ${checkpoint.size}`);
  }
  return about;
}

/** Checks the bytes of one event against what stands beside them; returns its leaf hash. */
function checkEvent(text, { checksum, leafHash }, tenant, findings, where) {
  const bytes = Buffer.from(text);
  const own = leafHashOf(bytes);
  const event = parseJson(text);
  if (event === null || typeof event !== 'object') {
    findings.fault('malformed', 'the envelope is no JSON object', where);
    return own;
  }
  const isAltered = sha256(bytes).toString('hex') !== checksum;
  if (isAltered) findings.fault('altered', 'the event was altered: its bytes do not give its checksum', where);
  else if (own.toString('hex') !== leafHash) findings.fault('altered', 'the leaf hash is not that of the event', where);
  if (!isAltered && canonical(event) !== text)
    findings.fault('not-canonical', 'the event is not canonical JSON', where);
  if (tenant !== undefined && event.tenant !== tenant) {
    findings.fault('foreign', `the event belongs to the tenant ${event.tenant}, not to ${tenant}`, where);
  }
  return own;
}

// --- an export ---

/** Rows in arrays, not in objects: there may be millions. */
class Rows {
  constructor() {
    Object.assign(this, { leaves: [], lines: [], hashes: [], count: 0, claimedUnder: [] });
  }
  add(leaf, line, hash, isUnder) {
    this.leaves.push(leaf);
    this.lines.push(line);
    this.hashes.push(hash);
    if (isUnder) this.claimedUnder.push(this.leaves.length - 1);
  }
}

async function verifyExport(lines, options, findings) {
  const state = { rows: new Rows(), gaps: new Map(), tiles: new Map(), ledger: undefined };
  let number = 0;
  for await (const line of lines) readLine(line, ++number, state, findings);
  const { rows, ledger } = state;
  const about = { kind: 'export', tenant: ledger?.tenant, events: rows.count, unsealed: 0 };
  if (!ledger && !state.isArray) {
    findings.fault('cut', 'the file is cut short: its last line, {"ledger":…}, is missing', { line: number });
  }
  if (ledger && ledger.rows !== rows.count) {
    findings.fault('rows-missing', `the file was made with ${ledger.rows} events, but holds ${rows.count}`, {
      line: state.ledgerLine,
    });
  }
  if (ledger?.revealed) {
    findings.unverified.push(
      'the export was made with reveal: it shows the events as they were, not the bytes that are in the ledger',
    );
    return about;
  }
  const before = findings.faults.length;
  if (before === 0)
    findings.passed.push(`bytes: ${rows.count} events are canonical; checksums and leaf hashes recomputed`);
  if (ledger && !ledger.checkpoint && !options.checkpoint) {
    findings.unverified.push('nothing of the ledger was sealed when the export was made; make it again');
    return about;
  }
  if (!ledger && !options.checkpoint) {
    findings.unverified.push('there is no checkpoint in the file; give one with --checkpoint');
    return about;
  }
  const checkpoint = openCheckpoint(ledger?.checkpoint, ledger?.publicKeys, ledger?.tenant, options, findings, about);
  if (checkpoint) checkTree(state, checkpoint, findings, about);
  return about;
}

function readLine(line, number, state, findings) {
  const where = { line: number };
  let text = line.toString();
  if (number === 1 && text.trim() === '[') state.isArray = true;
  if (text.trim() === '' || (state.isArray && /^\s*[[\]]\s*$/.test(text))) return;
  if (state.isArray) text = text.replace(/^,/, '');
  const value = parseJson(text);
  if (value === null || typeof value !== 'object') {
    findings.fault('malformed', 'the line is no JSON object: it was altered or cut', where);
    return;
  }
  if (state.ledger) findings.fault('malformed', 'the line stands behind the last one, {"ledger":…}', where);
  if (value.ledger) {
    if (value.ledger.format !== EXPORT)
      throw new CannotVerify(`line ${number}: this verifier knows the format ${EXPORT} only`);
    state.ledger = value.ledger;
    state.ledgerLine = number;
  } else if (value.gap) readGap(value.gap, where, state, findings);
  else if (value.tile) {
    if (!isIndex(value.tile.index) || !isHash(value.tile.hash))
      findings.fault('malformed', 'the tile is malformed', where);
    else state.tiles.set(value.tile.index, { hash: hashOf(value.tile.hash), line: number });
  } else if (!isIndex(value.leafIndex) || typeof value.event !== 'object') {
    findings.fault('malformed', 'the line holds no event with a leaf index', where);
  } else {
    state.rows.count++;
    const place = { line: number, leafIndex: value.leafIndex };
    const tenant = (state.tenant ??= value.event?.tenant);
    const hash = checkEvent(rawEvent(text) ?? canonical(value.event), value, tenant, findings, place);
    state.rows.add(value.leafIndex, number, hash, value.underCheckpoint === true);
  }
}

/** The very bytes of the event in a line as the system writes it; undefined if a tool has written the line anew. */
function rawEvent(text) {
  const [head] =
    /^\{"leafIndex":\d+,"leafHash":"\w*","underCheckpoint":\w+,"checksum":"\w*","keyId":\w+,"signature":"?\w*"?,"event":/.exec(
      text,
    ) ?? [];
  return head === undefined || !text.endsWith('}') ? undefined : text.slice(head.length, -1);
}

function readGap({ from, to, hashes }, where, state, findings) {
  if (!isIndex(from) || !isIndex(to) || from >= to || !Array.isArray(hashes) || !hashes.every(isHash)) {
    findings.fault('malformed', 'the gap is malformed', where);
  } else if (subtrees(from, to).length !== hashes.length) {
    findings.fault(
      'proof-incomplete',
      `leaves ${from} to ${to - 1} need ${subtrees(from, to).length} hashes, but there are ${hashes.length}: some were removed or added`,
      where,
    );
  } else state.gaps.set(from, { to, hashes: hashes.map(hashOf), line: where.line });
}

/** Place of the first row in `order` whose leaf is not below `leaf`. */
function firstAtLeast(order, leaves, leaf) {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = half(low + high);
    if (leaves[order[middle]] < leaf) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Builds the tree of the rows and the hashes around them, and compares its root. */
function checkTree({ rows, gaps, tiles, ledger, ledgerLine, tenant }, checkpoint, findings, about) {
  const { size } = checkpoint;
  if (tenant !== undefined && !checkpoint.origin.endsWith(`/${tenant}`)) {
    findings.fault('foreign', `the events are of the tenant ${tenant}, the checkpoint is of ${checkpoint.origin}`, {
      line: ledgerLine,
    });
  }
  const order = Uint32Array.from(rows.leaves.keys()).sort((a, b) => rows.leaves[a] - rows.leaves[b]);
  const placed = order.filter((row) => rows.leaves[row] < size);
  about.unsealed = order.length - placed.length;
  if (about.unsealed > 0)
    findings.warnings.push(
      `${about.unsealed} event(s) were not sealed when the file was made: nothing proves them yet (first: line ${rows.lines[order[placed.length]]})`,
    );
  for (const row of rows.claimedUnder) {
    if (rows.leaves[row] >= size)
      findings.fault(
        'not-in-tree',
        `the line says that the checkpoint covers it, but that covers ${size} leaves only`,
        { line: rows.lines[row], leafIndex: rows.leaves[row] },
      );
  }
  if (ledger && ledger.unsealed !== about.unsealed) {
    findings.fault(
      'rows-missing',
      `the file was made with ${ledger.unsealed} events that were not sealed, but holds ${about.unsealed}`,
      { line: ledgerLine },
    );
  }
  const hasProofs = ledger?.proofs === true;
  const isWhole = placed.length >= size;
  if (!hasProofs && !isWhole) {
    findings.unverified.push(
      'the file holds no proofs, so nothing shows that its events are in the tree; export it with --proofs',
    );
    return;
  }
  const blamed = new Set();
  const tree = new Tree((level, index, hash) => {
    const tile = level === TILE_LEVEL ? tiles.get(index) : undefined;
    if (!tile || tile.hash.equals(hash)) return hash;
    blame(rowsOfTile(index), `tile ${index}`);
    return tile.hash;
  });
  const rowsOfTile = (index) => {
    const from = firstAtLeast(placed, rows.leaves, index * TILE_WIDTH);
    return placed.slice(from, firstAtLeast(placed, rows.leaves, (index + 1) * TILE_WIDTH));
  };
  const blame = (suspects, what) => {
    blamed.add(what);
    const lines = [...suspects].map((row) => rows.lines[row]);
    if (lines.some((line) => findings.hasFault(line))) return;
    if (lines.length === 1)
      findings.fault('not-in-tree', 'the event is not in the ledger at this leaf', {
        line: lines[0],
        leafIndex: rows.leaves[suspects[0]],
      });
    else
      findings.fault(
        'not-in-tree',
        `an event of the lines ${lines.slice(0, 10).join(', ')}${lines.length > 10 ? ` … ${lines.at(-1)}` : ''} is not in the ledger at its leaf (${what})`,
        { lines },
      );
  };
  let next = 0;
  const faultsBefore = findings.faults.length;
  for (let at = 0; at < size;) {
    const row = placed[next];
    const leaf = row === undefined ? size : rows.leaves[row];
    const gap = gaps.get(at);
    if (leaf < at) {
      const twin = next > 0 && rows.leaves[placed[next - 1]] === leaf ? rows.lines[placed[next - 1]] : undefined;
      const place = { line: rows.lines[row], leafIndex: leaf };
      if (twin === undefined)
        findings.fault(
          'not-in-tree',
          'the proofs of the file are not for an event at this leaf: its leaf index was changed, or the line was added',
          place,
        );
      else findings.fault('duplicate', `the same leaf stands on line ${twin} already`, place);
      next++;
    } else if (leaf === at) {
      tree.push(0, leaf, rows.hashes[row]);
      next++;
      at++;
    } else if (gap) {
      subtrees(at, gap.to).forEach(({ level, index }, i) => tree.push(level, index, gap.hashes[i]));
      at = gap.to;
    } else {
      const known = [...gaps.keys()].filter((from) => from > at).reduce((a, b) => Math.min(a, b), size);
      const end = Math.min(leaf, known);
      findings.fault(
        'missing',
        `neither events nor hashes stand for ${end - at === 1 ? `leaf ${at}` : `the leaves ${at} to ${end - 1}`}: lines were removed or their leaf index was changed`,
        { leafIndex: at },
      );
      return;
    }
  }
  if (!tree.root().equals(checkpoint.root)) {
    const tail = placed.filter((row) => rows.leaves[row] >= size - (size % TILE_WIDTH));
    const suspects = hasProofs ? tail : placed;
    if (blamed.size === 0 && suspects.length > 0) blame(suspects, 'the end of the tree, or the hashes of the proof');
    if (findings.faults.length === faultsBefore && findings.faults.length === 0) {
      findings.fault(
        'not-in-tree',
        'events and proofs of the file do not lead to the root of the checkpoint: they are not what is in the ledger',
        {
          line: ledgerLine,
        },
      );
    }
    if (findings.faults.length > 0) return;
  }
  if (findings.faults.length === faultsBefore)
    findings.passed.push(`tree: ${placed.length} events are leaves of the tree of ${size}`);
}

// --- checkpoints of the file and of the auditor ---

/** The checkpoint that FILE stands under, compared with the one that was kept; undefined if there is none that can be used. */
function openCheckpoint(note, fileKeys, tenant, options, findings, about) {
  const inFile = note === undefined ? undefined : parseCheckpoint(note);
  if (note !== undefined && !inFile) {
    findings.fault('malformed', 'the checkpoint in the file is no signed note: it was altered or cut');
    return undefined;
  }
  let keys = options.keys;
  if (keys.length === 0) {
    keys = (Array.isArray(fileKeys) ? fileKeys : [])
      .map((text) => parseKey(String(text)))
      .filter((key) => key !== undefined);
    findings.warnings.push(
      'NO KEY WAS GIVEN. The public key was taken from the file itself, so this shows only that the file agrees with itself: whoever forged it could have signed it too. Get the key of the ledger from somebody you trust and give it with --key',
    );
  }
  const kept = options.checkpoint && keptCheckpoint(options.checkpoint, inFile);
  const checkpoint = inFile ?? kept;
  if (keys.length === 0) throw new CannotVerify('there is no public key, neither in the file nor given with --key');
  Object.assign(about, { origin: checkpoint.origin, size: checkpoint.size, signedAt: checkpoint.time });
  about.keySource = options.keys.length > 0 ? 'given' : 'file';
  about.key = checkSignature(checkpoint, keys, findings, inFile ? {} : { file: options.checkpoint });
  if (about.key)
    findings.passed.push(
      `checkpoint: size ${checkpoint.size}${checkpoint.time ? `, ${checkpoint.time}` : ''}, signed by ${about.key}`,
    );
  if (tenant !== undefined && !checkpoint.origin.endsWith(`/${tenant}`)) {
    findings.fault('foreign', `the checkpoint is of ${checkpoint.origin}, not of the tenant ${tenant}`);
  }
  if (inFile && kept) compare(inFile, kept, keys, options, findings);
  return checkpoint;
}

/** Reads a signed note, or the lines of a witness file, of which the one of the same size counts, else the largest. */
function keptCheckpoint(file, own) {
  const text = readText(file);
  const notes = text.startsWith('{') ? text.split('\n').map((line) => parseJson(line)?.note) : [text];
  const all = notes
    .map(parseCheckpoint)
    .filter((checkpoint) => checkpoint && (!own || checkpoint.origin === own.origin));
  const [largest] = [...all].sort((a, b) => b.size - a.size);
  if (!largest) throw new CannotVerify(`${file} holds no checkpoint${own ? ` of ${own.origin}` : ''}`);
  return all.find(({ size }) => size === own?.size) ?? largest;
}

function compare(own, kept, keys, options, findings) {
  const where = { file: options.checkpoint };
  if (!checkSignature(kept, keys, findings, where)) return;
  if (own.size === kept.size) {
    if (own.root.equals(kept.root)) findings.passed.push('the checkpoint that you kept is of the same tree');
    else
      findings.fault(
        'fork',
        `the checkpoint that you kept has another root at the same size ${own.size}: the ledger was rewritten`,
        where,
      );
    return;
  }
  const [older, newer] = own.size < kept.size ? [own, kept] : [kept, own];
  if (!options.consistency) {
    findings.unverified.push(
      `the checkpoint that you kept has size ${kept.size}, that of the file ${own.size}: to compare them, get /audit/api/ledger/consistency?from=${older.size}&to=${newer.size} and give it with --consistency`,
    );
    return;
  }
  const proof = parseJson(readText(options.consistency));
  if (!Array.isArray(proof?.proof) || !proof.proof.every(isHash))
    throw new CannotVerify(`${options.consistency} is no consistency proof`);
  if (proof.from !== older.size || proof.to !== newer.size) {
    throw new CannotVerify(
      `the consistency proof is for the sizes ${proof.from} and ${proof.to}, not for ${older.size} and ${newer.size}`,
    );
  }
  const isGrown = isConsistent(older.size, newer.size, older.root, newer.root, proof.proof.map(hashOf));
  if (isGrown) findings.passed.push(`the tree of ${newer.size} continues the tree of ${older.size}`);
  else
    findings.fault(
      'fork',
      `the tree of ${newer.size} does not continue the tree of ${older.size}: the ledger was rewritten, or the proof is wrong`,
      where,
    );
}

// --- files and output ---

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CannotVerify(`${file} cannot be read: ${error.message}`);
  }
}

async function* linesOf(file) {
  const [head] = [await firstBytes(file)];
  const source = createReadStream(file);
  const stream = head[0] === 0x1f && head[1] === 0x8b ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => stream.destroy(error));
  let rest = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

async function firstBytes(file) {
  for await (const chunk of createReadStream(file, { end: 3 })) return chunk;
  return Buffer.alloc(0);
}

async function* chain(first, rest) {
  if (first) yield first;
  yield* rest;
}

async function run(options, findings) {
  const lines = linesOf(options.file);
  const first = (await lines.next()).value;
  const text = first?.toString().trim() ?? '';
  if (text === '') throw new CannotVerify('the file is empty');
  if (text.startsWith('PK') || text.startsWith('PAR1') || /^"?leafIndex"?,/.test(text)) {
    throw new CannotVerify(
      'CSV, Excel and Parquet hold columns and not the bytes that are in the ledger; export as ndjson with --proofs',
    );
  }
  if (!/^[[{]/.test(text)) throw new CannotVerify('this is neither a proof nor an export as NDJSON');
  const value = parseJson(text);
  if (value?.format === PROOF) return verifyProof(value, options, findings);
  if (value === undefined && !text.startsWith('{"leafIndex"') && text !== '[') {
    // A proof that a tool has laid out over several lines.
    const whole = readText(options.file);
    const proof = parseJson(whole);
    if (proof?.format === PROOF) return verifyProof(proof, options, findings);
    if (whole.slice(0, 200).includes(PROOF)) {
      findings.fault('cut', 'the proof is no JSON: it was cut short or altered');
      return { kind: 'proof', events: 0, unsealed: 0 };
    }
  }
  return verifyExport(chain(first, lines), options, findings);
}

function parseArguments(args) {
  const options = { keys: [], json: false };
  const rest = [...args];
  const valueOf = (name) => {
    const value = rest.shift();
    if (value === undefined) throw new CannotVerify(`${name} needs a value; see --help`);
    return value;
  };
  while (rest.length > 0) {
    const argument = rest.shift();
    if (argument === '--help' || argument === '-h') options.help = true;
    else if (argument === '--json') options.json = true;
    else if (argument === '--key') options.keys.push(...readKeys(valueOf('--key')));
    else if (argument === '--checkpoint') options.checkpoint = valueOf('--checkpoint');
    else if (argument === '--consistency') options.consistency = valueOf('--consistency');
    else if (argument.startsWith('-')) throw new CannotVerify(`there is no option ${argument}; see --help`);
    else if (options.file !== undefined) throw new CannotVerify('one FILE at a time; see --help');
    else options.file = argument;
  }
  if (options.file === undefined && !options.help) throw new CannotVerify('name the FILE to verify; see --help');
  return options;
}

function readKeys(value) {
  const own = parseKey(value);
  if (own) return [own];
  if (value.includes('+')) throw new CannotVerify(`"${value}" is no public key of the form NAME+ID+KEY`);
  const keys = readText(value)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => parseKey(line));
  if (keys.length === 0 || keys.includes(undefined))
    throw new CannotVerify(`${value} holds no public keys of the form NAME+ID+KEY, one a line`);
  return keys;
}

function report(file, about, findings, asJson) {
  const { faults, unverified, warnings, passed } = findings;
  const result = faults.length > 0 ? 'faults' : unverified.length > 0 ? 'unverified' : 'sound';
  if (asJson)
    return { result, text: JSON.stringify({ file, result, ...about, faults, unverified, warnings, passed }, null, 2) };
  const place = ({ file: other, line, leafIndex }) =>
    [other, line && `line ${line}`, leafIndex !== undefined && `leaf ${leafIndex}`].filter(Boolean).join(', ');
  const lines = [
    `${file}: ${about.kind ?? 'unknown'}, ${about.events ?? 0} event(s)${about.tenant ? ` of ${about.tenant}` : ''}`,
  ];
  for (const text of passed) lines.push(`  ok       ${text}`);
  for (const fault of faults.slice(0, SHOWN))
    lines.push(`  FAULT    ${[place(fault), fault.code, fault.message].filter(Boolean).join(': ')}`);
  if (faults.length > SHOWN) lines.push(`  … and ${faults.length - SHOWN} more faults; --json gives all`);
  for (const text of unverified) lines.push(`  UNKNOWN  ${text}`);
  for (const text of warnings) lines.push(`  WARNING  ${text}`);
  lines.push(
    {
      sound: about.keySource === 'file' ? 'consistent with itself' : 'sound',
      faults: `${faults.length} fault(s)`,
      unverified: 'could not be verified',
    }[result],
  );
  return { result, text: lines.join('\n') };
}

async function main(args) {
  const findings = new Findings();
  let options = { json: args.includes('--json') };
  let about = {};
  try {
    options = parseArguments(args);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    about = await run(options, findings);
  } catch (error) {
    if (!(error instanceof CannotVerify) && error.code === undefined) throw error;
    findings.unverified.push(error.message);
  }
  const { result, text } = report(options.file ?? '', about, findings, options.json);
  process.stdout.write(`${text}\n`);
  return { sound: 0, faults: 1, unverified: 2 }[result];
}

main(process.argv.slice(2)).then((code) => (process.exitCode = code));
