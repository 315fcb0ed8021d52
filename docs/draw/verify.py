"""Verifies the bundle of a draw `vcdraw1`, without the product's code: python3 verify.py BUNDLE [RECEIPT SECRET]
It does not verify drand's signatures: compare each round with a relay, or use drand's own tools. See docs/draw.md."""
import hashlib, json, os, sys

def sha(*parts): return hashlib.sha256(b''.join(parts)).digest()
def read(*path): return open(os.path.join(folder, *path), 'rb').read()
def plain(text): return text if str(text).isprintable() else repr(text) # anyone may have made the bundle: no lines of its own
def show(*words): print(*map(plain, words))
def want(right, file, what):
    if not right: sys.exit(f'WRONG {plain(file)}: {plain(what)}')
def document(name):
    data = read(name)
    value = json.loads(data)
    text = json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    want(text.encode() == data, name, 'it is not in canonical form')
    return value, hashlib.sha256(data).hexdigest()
def root(nodes):
    while len(nodes) > 1: nodes = [sha(b'\1', *nodes[i:i + 2]) if i + 1 < len(nodes) else nodes[i] for i in range(0, len(nodes), 2)]
    return nodes[0] if nodes else sha()

sys.excepthook = lambda kind, error, trace: print('WRONG', kind.__name__, plain(str(error)), file=sys.stderr)
folder, receipt, found = sys.argv[1], sys.argv[2:4], False
(commitment, c), (sources, s), (result, r) = map(document, ('commitment.json', 'sources.json', 'result.json'))
want(sources['commitment'] == c, 'sources.json', 'it is of another commitment')
want(result['commitment'] == c and result['sources'] == s, 'result.json', 'it is of another commitment or other sources')
want([x['name'] for x in sources['sources']] == [x['name'] for x in commitment['sources']], 'sources.json', 'other sources')
for rule, value in zip(commitment['sources'], sources['sources']):
    data = bytes.fromhex(value['hex'])
    if rule['type'] == 'Drand': want(data == sha(bytes.fromhex(value['signature'])), 'sources.json', rule['name'])
    if rule['type'] == 'PublicValue': want(data == value['value'].encode(), 'sources.json', rule['name'])
    show(rule['name'], rule['type'], rule.get('round', rule.get('description')), value.get('signature', value.get('value', value['hex'])))
want([x['voucher'] for x in result['vouchers']] == [x['voucher'] for x in commitment['vouchers']], 'result.json', 'other vouchers')
own = receipt and sha(b'\0'.join(x.encode() for x in ['vcdraw1/entry', commitment['campaignUid'], *receipt]))
for v, res in zip(commitment['vouchers'], result['vouchers']):
    name, n, k, data = v['voucher'], v['n'], v['k'], read(v['voucher'], 'entries.bin')
    entries = [data[i:i + 32] for i in range(0, len(data), 32)]
    want(len(data) == 32 * n and all(a < b for a, b in zip(entries, entries[1:])), name + '/entries.bin', 'size or order')
    want(sha(data).hex() == v['listDigest'], name + '/entries.bin', 'it is not the committed list')
    want(root([sha(b'\0', e) for e in entries]).hex() == v['merkleRoot'], 'commitment.json', 'merkleRoot of ' + name)
    parts = [len(x).to_bytes(2, 'big') + x for x in (bytes.fromhex(y['hex']) for y in sources['sources'])]
    seed = sha(b'vcdraw1/seed\0', sha(data), n.to_bytes(4, 'big'), k.to_bytes(4, 'big'), *parts)
    scores = [sha(b'vcdraw1/score\0', seed, e) for e in entries]
    order = sorted(range(n), key=scores.__getitem__)
    bits = bytearray((n + 7) // 8)
    for i in order[:k]: bits[i // 8] |= 128 >> i % 8
    waitlist = b''.join(entries[i] for i in order[k:k + v['waitlist']])
    want(read(name, 'winners.bin') == bits, name + '/winners.bin', 'other winners')
    want(read(name, 'waitlist.bin') == waitlist, name + '/waitlist.bin', 'another waitlist')
    mine = {'voucher': name, 'seed': seed.hex(), 'cutoff': scores[order[k - 1]].hex() if k else '', 'winners': k,
            'waitlisted': v['waitlist'], 'resultDigest': sha(bits, waitlist).hex()}
    want(mine == res, 'result.json', 'the result of ' + name)
    show(name, n, 'entries,', k, 'winners,', v['waitlist'], 'on the waiting list')
    if own in entries:
        found = True
        show('receipt', receipt[0], 'in', name, 'has rank', order.index(entries.index(own)) + 1)
if receipt and not found: print('receipt', receipt[0], 'is in no list')
print('RIGHT. Compare with what was published: commitment.json', c, 'result.json', r)
