#!/usr/bin/env python3
"""Writes checkpoints/: small models with random weights by the transformers package, one folder an architecture, and
what they give, for the tests beside this file.

    python3 make_checkpoints.py [NAME ...]     # needs torch, transformers, safetensors and pillow; writes beside itself

Each folder is as save_pretrained makes it, but for expected.json: inputs, and the outputs of the model in f32.
"""
import json
import os
import shutil
import sys

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


CASES = [bert, bert_sentences, distilbert, vit, deit, deit_teacher]

if __name__ == "__main__":
    for case in CASES:
        if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
            case()
