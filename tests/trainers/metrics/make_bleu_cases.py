#!/usr/bin/env python3
"""Writes bleu_cases.json: texts and what the real sacrebleu makes of them, for bleu_test.cpp and chrf_test.cpp.

    pip install sacrebleu==2.6.0
    python3 make_bleu_cases.py          # writes beside itself

A case has hypotheses and, for each, its references (their number may differ). Where "bytes" is true the characters of
all texts stand for bytes, some of which are no UTF-8; Python reads those with errors="surrogateescape".
"""
import json
import os
import random

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

SPANISH = [
    ("¿Dónde está la biblioteca?", ["¿Dónde está la biblioteca?"]),
    ("¡Qué día tan bonito!", ["¡Qué bonito día!"]),
    ("Él dijo: «No lo sé…»", ["Dijo: «No lo sé».", "Él dijo: “No lo sé”..."]),
    ("Tom no quiere ir a la escuela mañana.", ["Tom no quiere ir mañana a la escuela.", "Tom no desea ir al colegio."]),
    ("¿Cuánto cuesta? ¡Es muy caro!", ["¿Cuánto vale? ¡Es carísimo!"]),
    ("La niña comió —según su madre— tres higos.", ["La niña comió, según su madre, tres higos."]),
    ("Vivo en Bogotá, D.C., desde 1998.", ["Vivo en Bogotá D.C. desde 1998.", "Desde 1998 vivo en Bogotá, D.C."]),
]

SETS = {
    "spanish": [(h, r[:1]) for h, r in SPANISH],
    "spanish, several references": [(h, (r + r)[:2]) for h, r in SPANISH],
    "spanish, varying references": SPANISH,
    "identical": [(r[0], r[:1]) for _, r in SPANISH],
    "disjoint": [("uno dos tres cuatro", ["alpha beta gamma delta"]), ("xyz", ["Qué"])],
    "empty lines": [("", ["Hola mundo."]), ("Hola mundo.", [""]), ("", [""]), ("Hola, mundo.", ["Hola, mundo."]),
                    ("  \t ", ["algo"])],
    "empty hypotheses": [("", ["Hola mundo."]), ("", ["Adiós."])],
    "empty references": [("Hola mundo.", [""]), ("Adiós.", [""])],
    "all empty": [("", [""])],
    "empty beside others": [("Hola mundo, otra vez", ["", "Hola mundo otra vez"]), ("", ["", "Hola"]),
                            ("Hola", ["", ""])],
    "numbers": [("It costs 1,000.50 dollars.", ["It costs 1,000.50 dollars ."]),
                ("In 1990-1995, 3.5% of 10,000", ["In 1990 - 1995 3.5 % of 10.000"]),
                ("a.b,c 1.a a.1 1,a a,1 .5 ,5 5. 5,", ["a . b , c 1.a a.1 1,a a,1 .5 ,5 5. 5,"]),
                ("12:30 3-4 -5 5- 1--2 ٣.٤ ٣-٤", ["12:30 3 - 4 -5 5 - 1 - - 2 ٣.٤ ٣-٤"])],
    "entities": [("Tom &amp; Mary said &quot;hi&quot; &lt;b&gt;", ["Tom & Mary said \"hi\" <b>"]),
                 ("&amp;lt; &amp;amp; &amp;quot; &apos; &", ["< & \" ' &"]),
                 ("<skipped>Tom <skip<skipped>ped> left", ["Tom <skipped> left"])],
    "hyphens": [("well-known state-of-the-art 20-year-old", ["well known state-of-the-art 20 year old"]),
                ("a word hyphen-\nated over\nlines", ["a word hyphenated over lines"]),
                ("ends with a dash-\n", ["ends with a dash-"]),
                ("Don't can't o'clock 'quoted' ''", ["Don 't can 't o 'clock ' quoted ' ' '"])],
    "emoji": [("Me gusta 😀👍🏽 mucho!", ["Me gusta 😀 👍🏽 mucho !"]), ("🇪🇸.🇪🇸,👩‍👩‍👧", ["🇪🇸 . 🇪🇸 , 👩‍👩‍👧"])],
    "very short": [("a", ["a"]), ("b", ["c"]), (".", ["."]), ("ab", ["ba"])],
    "one word": [("sí", ["sí"])],
    "three words": [("uno dos tres", ["uno dos tres"])],
    "no long match": [("uno x dos y tres z", ["tres dos uno"])],
    "shorter": [("el perro", ["el perro grande come en la casa verde de mi abuela"])],
    "longer": [("el perro grande come en la casa verde de mi abuela", ["el perro"])],
    "white space": [("a\u00a0b\u2003c\u3000d\u0085e\x1cf\x1fg\u200bh", ["a b c d e f g h"]),
                    (" \u2028 inner  spaces\r\nand\vmore\f ", ["inner spaces and more"]),
                    ("nul\0inside\ufeff", ["nul inside"])],
    "reference lengths": [("a b c d", ["a b c", "a b c d e"]), ("a b c d", ["a b c d e", "a b c"]),
                          ("a b c d e", ["a b", "c d e f g h i", "x"])],
    "repeated": [("the the the the the the the", ["the cat is on the mat", "there is a cat on the mat"])],
    "punctuation alone": [("...", ["…"]), (",.,.,.", [". . ."]), ("?!", ["!?"]), ("(hi) [x] {y} \"z\"", ["hi x y z"]),
                          ("~`^_\\|@#$%*+=/;:", ["~ ` ^ _ \\ | @ # $ % * + = / ; :"])],
}

PIECES = ["el", "la", "perro", "Casa", "ñandú", "¿", "?", "¡", "!", "«", "»", "…", ".", ",", "-", "–", "'", "\"", "1",
          "23", "1,000.50", "3.14", "&amp;", "&quot;", "&lt;", "&", ";", "(", ")", "/", "\\", "😀", "é", "e\u0301", "中",
          "<skipped>", "\n", "-\n", "\u00a0", "\u2009", "\t", "a", "b", "..", ",,", "a.", ".a", "9-", "-9", "~", "_"]

NO_UTF8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x85", b"\xa0", b"\xf0\x9f\x98",
           b"\xe0\x9f\xbf", b"\xf5\x80\x80\x80", b"\xf0\x8f\xbf\xbf"]


def random_text(rng, pieces):
    return "".join(rng.choice(PIECES) + rng.choice(["", " ", " ", "  "]) for _ in range(pieces))


def changed(rng, text):
    """The text with some words left out, doubled or exchanged."""
    words = [w for w in text.split(" ") for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 2]))]
    for _ in range(rng.randrange(3)):
        if words:
            words[rng.randrange(len(words))] = rng.choice(PIECES)
    return " ".join(words)


def random_case(rng, longest):
    segments = []
    for _ in range(rng.randint(1, 4)):
        reference = random_text(rng, rng.randrange(longest))
        references = [reference] + [changed(rng, reference) for _ in range(rng.choice([0, 0, 1, 2]))]
        segments.append((changed(rng, reference), references))
    return segments


def broken_case(rng):
    """Texts as bytes, cut and disturbed anywhere."""
    def broken(text):
        data = bytearray(text.encode())
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data) + 1)
            if rng.random() < 0.5:
                data[at:at] = rng.choice(NO_UTF8)
            else:
                del data[at:at + 1]
        return bytes(data)

    reference = broken(random_text(rng, 20))
    texts = [reference + broken(random_text(rng, 3)), reference]
    return [(texts[0].decode(errors="surrogateescape"), [texts[1].decode(errors="surrogateescape")])]


def results(segments):
    hypotheses = [h for h, _ in segments]
    most = max(len(r) for _, r in segments)
    streams = [[r[i] if i < len(r) else None for _, r in segments] for i in range(most)]
    metric = BLEU()
    bleu = metric.corpus_score(hypotheses, streams)
    signature = metric.get_signature()
    case = {"bleu": {"score": bleu.score, "matches": bleu.counts, "totals": bleu.totals, "precisions": bleu.precisions,
                     "brevity_penalty": bleu.bp, "lengths": [bleu.sys_len, bleu.ref_len], "signature": str(signature),
                     "text": bleu.format(signature=str(signature))}}
    sentence = BLEU(effective_order=True)
    case["sentence_bleu"] = [sentence.sentence_score(h, r).score for h, r in segments]
    for word_order in (0, 1, 2):
        metric = CHRF(word_order=word_order)
        score = metric.corpus_score(hypotheses, streams)
        signature = str(metric.get_signature())
        case["chrf%d" % word_order] = {"score": score.score, "text": score.format(signature=signature)}
    return case


def as_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main():
    cases = []

    def add(name, segments, as_bytes=False):
        stored = (lambda t: t.encode(errors="surrogateescape").decode("latin-1")) if as_bytes else (lambda t: t)
        cases.append({"name": name, "bytes": as_bytes, "hypotheses": [stored(h) for h, _ in segments],
                      "references": [[stored(t) for t in r] for _, r in segments], **results(segments)})

    for name, segments in SETS.items():
        add(name, segments)
    rng = random.Random(20)
    for number in range(160):
        add("random %d" % number, random_case(rng, 30))
    for number in range(8):
        add("long random %d" % number, random_case(rng, 400))
    for number in range(40):
        add("broken %d" % number, broken_case(rng), as_bytes=True)

    tokenizer = Tokenizer13a()
    lines = [h for segments in SETS.values() for h, _ in segments] + [random_text(rng, 40) for _ in range(50)]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bleu_cases.json")
    lines = [[line, tokenizer(line)] for line in lines]
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"sacrebleu":%s,\n"tokenized_13a":[\n%s\n],\n"cases":[\n%s\n]}\n' % (
            as_json(sacrebleu.__version__), ",\n".join(map(as_json, lines)), ",\n".join(map(as_json, cases))))


main()
