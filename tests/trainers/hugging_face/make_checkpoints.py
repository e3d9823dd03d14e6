#!/usr/bin/env python3
"""Writes checkpoints/: small models with random weights by the transformers package, one folder an architecture, and
what they give, for the tests beside this file.

    python3 make_checkpoints.py [NAME ...]     # needs torch, transformers, sentencepiece, pillow; writes beside itself

Each folder is as save_pretrained makes it, but for expected.json: inputs, and the outputs of the model in f32.
"""
import json
import os
import shutil
import sys

import sentencepiece
import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoints")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "was", "good", "bad", "very", "##ly", "##s", "a",
         "un", "##wat", "##ch", "##able", "cafe", ".", ",", "!", "it", "b", "##ad", "x"]
CASED = WORDS + ["The", "Café", "Film"]
TEXTS = ["The film was very good.", "Unwatchable, badly bad!", "a", "Café FILMS it was the film it was the very film",
         "zzz"]


def randomised(model, seed):
    """Weights that are not near zero, biases and norms too, so that an error anywhere shows."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * (0.3 if parameter.ndim > 1 else 0.5)
        if parameter.ndim == 1:
            parameter.data += 0.5
    return model.eval()


def save(name, model, expected, dtype=None, drop=(), extra=None):
    folder = os.path.join(HERE, name)
    model.save_pretrained(folder)
    weights = os.path.join(folder, "model.safetensors")
    tensors = load_file(weights)
    tensors.update(extra or {})
    tensors = {k: v.to(dtype) if dtype and v.is_floating_point() else v for k, v in tensors.items() if k not in drop}
    save_file(tensors, weights, {"format": "pt"})
    config = os.path.join(folder, "config.json")
    content = json.load(open(config))
    content.pop("transformers_version", None)
    json.dump(content, open(config, "w"), indent=1, sort_keys=True)
    with open(os.path.join(folder, "expected.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in expected) + "\n]\n")


def fresh(name):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def wordpiece(folder, words, lower):
    open(os.path.join(folder, "vocab.txt"), "w").write("\n".join(words) + "\n")
    json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": lower, "strip_accents": None},
              open(os.path.join(folder, "tokenizer_config.json"), "w"))
    return transformers.BertTokenizerFast.from_pretrained(folder)


def rounded(model, dtype):
    """The model as it is after its weights went through a file of that dtype."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).float()
    return model


def text_outputs(model, tokenizer, outputs):
    rows = []
    for text in TEXTS:
        encoded = tokenizer([text], return_tensors="pt", truncation=True, max_length=12)
        with torch.no_grad():
            values = outputs(model(**{k: v for k, v in encoded.items() if k != "token_type_ids"}))
        rows.append({"text": text, "ids": encoded["input_ids"][0].tolist(), "values": values[0].tolist()})
    return rows


def bert():
    folder = fresh("bert")
    tokenizer = wordpiece(folder, WORDS, True)
    config = transformers.BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                                     intermediate_size=24, max_position_embeddings=12, layer_norm_eps=1e-3,
                                     id2label={0: "bad", 1: "middling", 2: "good"})
    model = randomised(transformers.BertForSequenceClassification(config), 1)
    save("bert", model, text_outputs(model, tokenizer, lambda out: out.logits))


def bert_sentences():
    """A masked language model in half precision with the pooling of sentence-transformers, cased, with old names."""
    folder = fresh("bert_sentences")
    tokenizer = wordpiece(folder, CASED, False)
    config = transformers.BertConfig(vocab_size=len(CASED), hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                                     intermediate_size=20, max_position_embeddings=12, hidden_act="silu")
    model = rounded(randomised(transformers.BertForMaskedLM(config), 2), torch.float16)
    os.makedirs(os.path.join(folder, "1_Pooling"))
    json.dump({"word_embedding_dimension": 12, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True},
              open(os.path.join(folder, "1_Pooling", "config.json"), "w"))
    expected = text_outputs(model.bert, tokenizer, lambda out: out.last_hidden_state.mean(1))
    positions = {"bert.embeddings.position_ids": torch.arange(12)[None]}
    save("bert_sentences", model, expected, torch.float16, extra=positions)
    weights = os.path.join(folder, "model.safetensors")
    tensors = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
               for k, v in load_file(weights).items()}
    save_file(tensors, weights, {"format": "pt"})


def distilbert():
    folder = fresh("distilbert")
    tokenizer = wordpiece(folder, WORDS, True)
    config = transformers.DistilBertConfig(vocab_size=len(WORDS), dim=16, n_layers=2, n_heads=2, hidden_dim=24,
                                           max_position_embeddings=12, activation="relu",
                                           sinusoidal_pos_embds=True, id2label={0: "no", 1: "yes"})
    model = rounded(randomised(transformers.DistilBertForSequenceClassification(config), 3), torch.bfloat16)
    save("distilbert", model, text_outputs(model, tokenizer, lambda out: out.logits), torch.bfloat16)


def images(channels, side, mean, std):
    """Two images from a formula that the tests know, [2, channels, side, side], and what the model sees of them."""
    i, c, y, x = torch.meshgrid(*(torch.arange(n) for n in (2, channels, side, side)), indexing="ij")
    pixels = (53 * i + 37 * c + 11 * y + 7 * x + x * y) % 256
    scale = [torch.tensor(v).view(1, -1, 1, 1) for v in (mean, std)]
    return (pixels.float() / 255 - scale[0]) / scale[1]


def image_case(name, config_class, model_class, seed, channels, dtype=torch.float32, **settings):
    folder = fresh(name)
    mean, std = [0.5, 0.4, 0.3][:channels], [0.5, 0.25, 0.2][:channels]
    json.dump({"image_mean": mean, "image_std": std, "do_normalize": True, "do_rescale": True,
               "rescale_factor": 1 / 255}, open(os.path.join(folder, "preprocessor_config.json"), "w"))
    config = config_class(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                          image_size=8, patch_size=4, num_channels=channels,
                          id2label={0: "crane", 1: "house", 2: "crane"}, **settings)
    model = rounded(randomised(model_class(config), seed), dtype)
    with torch.no_grad():
        out = model(images(channels, 8, mean, std))
    save(name, model, [row.tolist() for row in out.logits], None if dtype == torch.float32 else dtype)


def vit():
    image_case("vit", transformers.ViTConfig, transformers.ViTForImageClassification, 4, 1, hidden_act="gelu_new",
               layer_norm_eps=1e-6)


def deit():
    image_case("deit", transformers.DeiTConfig, transformers.DeiTForImageClassification, 5, 3)


def deit_teacher():
    image_case("deit_teacher", transformers.DeiTConfig, transformers.DeiTForImageClassificationWithTeacher, 6, 3,
               torch.float16, hidden_act="relu")


SENTENCES = {"source": ["the cat sees a house", "a house sees the cat", "the dog is good", "houses are good"],
             "target": ["el gato ve una casa", "una casa ve el gato", "el perro es bueno", "las casas son buenas"]}


def pieces(folder, side, size):
    """A SentencePiece model without rules of normalisation, which would be most of the file; its pieces."""
    path = os.path.join(folder, side)
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(SENTENCES[side] * 20), model_prefix=path,
                                             vocab_size=size, normalization_rule_name="identity", bos_id=-1,
                                             minloglevel=2, hard_vocab_limit=False)
    os.rename(path + ".model", path + ".spm")
    os.remove(path + ".vocab")
    model = sentencepiece.SentencePieceProcessor(path + ".spm")
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


def marian_case(name, seed, shared, **settings):
    folder = fresh(name)
    begin = ["</s>", "<unk>"] + ([] if shared else ["<pad>"])
    tokens = {side: begin + [p for p in pieces(folder, side, 20 if side == "source" else 18) if p not in ("<unk>", "</s>")]
              for side in ("source", "target")}
    if shared:
        tokens["source"] += [p for p in tokens["target"] if p not in tokens["source"]]
        tokens["target"] = tokens["source"]
    for side, file in (("source", "vocab.json"), ("target", "target_vocab.json"))[:1 if shared else 2]:
        tokens[side] += [] if "<pad>" in tokens[side] else ["<pad>"]
        json.dump({t: i for i, t in enumerate(tokens[side])}, open(os.path.join(folder, file), "w"),
                  ensure_ascii=False)
    pad = tokens["source"].index("<pad>")
    json.dump({"tokenizer_class": "MarianTokenizer", "separate_vocabs": not shared, "source_lang": "en",
               "target_lang": "es"}, open(os.path.join(folder, "tokenizer_config.json"), "w"))
    config = transformers.MarianConfig(
        vocab_size=len(tokens["source"]), decoder_vocab_size=len(tokens["target"]), d_model=12, encoder_layers=1,
        decoder_layers=2, encoder_attention_heads=3, decoder_attention_heads=3, encoder_ffn_dim=20, decoder_ffn_dim=20,
        max_position_embeddings=24, pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad,
        forced_eos_token_id=None, share_encoder_decoder_embeddings=shared, **settings)
    model = randomised(transformers.MarianMTModel(config), seed)
    model.final_logits_bias = torch.randn(model.final_logits_bias.shape, generator=torch.Generator().manual_seed(seed))
    for stack in (model.model.encoder, model.model.decoder):
        stack.embed_positions.weight.data = stack.embed_positions.create_weight()
    model.tie_weights()
    tokenizer = transformers.MarianTokenizer.from_pretrained(folder)
    rows = []
    for source, target in (("the cat is good", "el gato es bueno"), ("a dog sees houses", "una ñ casa")):
        ids = tokenizer([source], return_tensors="pt")["input_ids"]
        labels = tokenizer(text_target=[target], return_tensors="pt")["input_ids"]
        inputs = torch.cat([torch.tensor([[pad]]), labels[:, :-1]], 1)
        with torch.no_grad():
            logits = model(input_ids=ids, decoder_input_ids=inputs).logits
            greedy = model.generate(input_ids=ids, num_beams=1, do_sample=False, max_new_tokens=8,
                                    bad_words_ids=[[pad]])
        rows.append({"source": source, "target": target, "source_ids": ids[0].tolist(),
                     "target_ids": [pad] + labels[0].tolist(), "values": logits[0, -2:].flatten().tolist(),
                     "greedy": tokenizer.decode(greedy[0], skip_special_tokens=True)})
    save(name, model, rows)
    os.remove(os.path.join(folder, "generation_config.json"))


def marian():
    marian_case("marian", 7, True, activation_function="swish", scale_embedding=True)


def marian_separate():
    marian_case("marian_separate", 8, False, activation_function="relu", scale_embedding=False)


CASES = [bert, bert_sentences, distilbert, vit, deit, deit_teacher, marian, marian_separate]

if __name__ == "__main__":
    for case in CASES:
        if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
            case()
