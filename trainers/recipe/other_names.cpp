#include "heed/trainers/recipe/other_names.h"

#include <algorithm>

#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {
namespace {

struct Row {
    std::vector<std::string_view> keys;
    std::string_view words;  // of other trainers, a blank between them
};

const std::vector<Row>& rows() {
    static const std::vector<Row> table = {
        {{"optimizer.lr"}, "learning_rate lr0 base_lr max_lr peak_lr init_lr initial_lr learn_rate"},
        {{"data.batch", "data.tokens"},
         "batch_size bs batchsize mini_batch_size train_batch_size per_device_train_batch_size "
         "per_device_batch_size global_batch_size"},
        {{"data.tokens"}, "max_tokens tokens_per_batch max_tokens_per_batch"},
        {{"train.epochs"}, "num_epochs n_epochs nb_epochs max_epochs max_epoch num_train_epochs training_epochs"},
        {{"train.steps"},
         "num_steps n_steps max_steps total_steps train_steps num_train_steps max_update "
         "max_updates total_num_update max_iters max_iter iterations num_iterations"},
        {{"optimizer.warmup"},
         "warmup_steps warmup_epochs warmup_ratio warmup_iters warmup_updates num_warmup_steps "
         "lr_warmup_epochs"},
        {{"optimizer.schedule"}, "lr_scheduler lr_scheduler_type lr_schedule scheduler scheduler_type lr_policy"},
        {{"optimizer.min_lr"}, "min_learning_rate eta_min lr_min end_lr"},
        {{"optimizer.step_every"}, "step_size lr_step_size decay_steps lr_decay_steps"},
        {{"optimizer.step_factor"}, "gamma lr_gamma decay_rate lr_decay lr_decay_rate"},
        {{"optimizer.type"}, "optim optimizer_name optimizer_type opt"},
        {{"optimizer.weight_decay"}, "l2 l2_reg wd"},
        {{"optimizer.beta1"}, "adam_beta1"},
        {{"optimizer.beta2"}, "adam_beta2"},
        {{"optimizer.beta1", "optimizer.beta2"}, "betas adam_betas"},
        {{"optimizer.epsilon"}, "adam_epsilon adam_eps eps opt_eps"},
        {{"optimizer.lr_scale"}, "layer_decay layerwise_lr_decay llrd"},
        {{"model.dim"},
         "hidden_size hidden_dim d_model model_dim embed_dim embedding_dim embedding_size "
         "emb_dim n_embd width"},
        {{"model.depth", "model.encoder_depth", "model.decoder_depth"},
         "num_layers n_layers n_layer nlayers layers num_hidden_layers num_blocks n_blocks"},
        {{"model.encoder_depth"}, "encoder_layers num_encoder_layers enc_layers"},
        {{"model.decoder_depth"}, "decoder_layers num_decoder_layers dec_layers"},
        {{"model.heads"},
         "n_heads n_head nhead nheads num_heads num_attention_heads attention_heads "
         "encoder_attention_heads"},
        {{"model.mlp_dim"},
         "intermediate_size d_ff dim_feedforward ffn_dim ffn_embed_dim encoder_ffn_embed_dim "
         "encoder_ffn_dim feedforward_dim mlp_ratio n_inner"},
        {{"model.dropout"},
         "dropout_rate drop_rate dropout_prob hidden_dropout hidden_dropout_prob resid_pdrop "
         "residual_dropout"},
        {{"model.embedding_dropout"}, "embd_pdrop embed_dropout emb_dropout"},
        {{"model.head_dropout"}, "classifier_dropout"},
        {{"model.drop_path"}, "drop_path_rate stochastic_depth stochastic_depth_rate layerdrop"},
        {{"model.activation"}, "hidden_act activation_function activation_fn act_layer"},
        {{"model.norm"}, "norm_first normalize_before encoder_normalize_before pre_norm"},
        {{"model.norm_epsilon"}, "layer_norm_eps layer_norm_epsilon layernorm_eps norm_eps"},
        {{"model.patch"}, "patch_size"},
        {{"model.pool"}, "pooling global_pool pooler_type"},
        {{"model.positions"}, "position_embedding_type pos_embed positional_encoding position_encoding"},
        {{"model.checkpoint_activations"},
         "gradient_checkpointing activation_checkpointing use_checkpoint grad_checkpointing"},
        {{"model.tie"},
         "tie_word_embeddings tie_embeddings share_embeddings share_all_embeddings "
         "share_decoder_input_output_embed"},
        {{"attention.type"}, "attention_type attn_type attn_implementation attention_mechanism"},
        {{"attention.dropout"},
         "attention_dropout attn_dropout attn_drop attn_pdrop attention_probs_dropout_prob "
         "attention_dropout_rate"},
        {{"attention.bias"}, "qkv_bias attention_bias"},
        {{"attention.rounds"}, "n_hashes num_hashes"},
        {{"attention.cluster"}, "q_cluster_size k_cluster_size cluster_size"},
        {{"train.accumulate"},
         "gradient_accumulation_steps accumulate_grad_batches gradient_accumulation grad_accum "
         "grad_accum_steps accumulation_steps accum_steps update_freq"},
        {{"train.clip"},
         "max_grad_norm clip_norm grad_clip grad_clip_norm gradient_clip gradient_clip_val "
         "gradient_clip_norm clip_grad clip_grad_norm"},
        {{"train.patience"}, "early_stopping early_stopping_patience early_stop early_stop_patience stop_patience"},
        {{"train.label_smoothing"}, "label_smoothing_factor smoothing ls"},
        {{"train.ema"}, "ema_decay model_ema model_ema_decay use_ema"},
        {{"train.eval_every"},
         "eval_interval eval_freq val_interval val_freq check_val_every_n_epoch "
         "validate_interval validation_interval evaluation_strategy eval_strategy"},
        {{"train.eval_steps"}, "val_steps validation_steps val_check_interval validate_interval_updates"},
        {{"train.checkpoint_every"},
         "save_steps save_every save_interval save_interval_updates save_freq save_strategy "
         "checkpoint_interval checkpoint_steps"},
        {{"train.keep_best"}, "save_total_limit save_top_k keep_best_checkpoints"},
        {{"train.average_best"}, "swa average_checkpoints"},
        {{"train.watch_every"}, "log_every log_interval logging_steps log_every_n_steps log_freq"},
        {{"train.freeze"}, "freeze_layers frozen_layers freeze_backbone freeze_encoder"},
        {{"train.seed"}, "random_seed manual_seed global_seed data_seed"},
        {{"train.classes.weights"}, "class_weight class_weights"},
        {{"init"},
         "pretrained pretrained_model finetune finetune_from checkpoint model_name_or_path "
         "restore_file load_from init_checkpoint weights_path"},
        {{"device"}, "accelerator gpu gpus cuda use_cuda no_cuda"},
        {{"precision"}, "amp fp16 bf16 tf32 use_amp mixed_precision dtype torch_dtype fpmath"},
        {{"threads"}, "num_threads n_threads num_workers n_jobs nproc cpu_threads"},
        {{"run.dir"}, "output_dir out_dir outdir save_dir log_dir logdir checkpoint_dir default_root_dir"},
        {{"run.name"}, "run_name experiment experiment_name exp_name"},
        {{"run.tensorboard"}, "use_tensorboard report_to"},
        {{"data.name"}, "dataset dataset_name data_set"},
        {{"data.root"}, "data_dir data_path data_root dataset_path dataset_dir datadir"},
        {{"data.length"},
         "max_length max_len max_seq_length max_seq_len max_sequence_length maxlen seq_len "
         "seq_length sequence_length context_length block_size max_position_embeddings "
         "max_source_positions"},
        {{"data.classes"}, "num_classes n_classes nb_classes num_labels n_labels"},
        {{"data.validation"}, "val_split validation_split valid_size val_size dev_size"},
        {{"data.limit"}, "max_train_samples max_samples limit_train_batches"},
        {{"data.size"}, "image_size img_size input_size resolution"},
        {{"data.joint_vocabulary"}, "joined_dictionary joint_vocab shared_vocab"},
        {{"data.augment.flip"}, "horizontal_flip random_flip random_horizontal_flip hflip"},
        {{"data.augment.crop"}, "random_crop crop_padding"},
        {{"data.augment.resized_crop"}, "random_resized_crop"},
        {{"data.augment.erase"}, "random_erasing random_erase reprob cutout"},
        {{"data.augment.jitter"}, "color_jitter colour_jitter"},
        {{"data.augment.mixup"}, "mixup_alpha"},
        {{"data.augment.cutmix"}, "cutmix_alpha"},
        {{"tokenizer.type"}, "tokenizer_type tokenizer_name"},
        {{"tokenizer.vocabulary"}, "vocab_size vocabulary_size max_vocab max_vocab_size n_vocab num_words"},
        {{"tokenizer.lower"}, "do_lower_case lowercase lower_case"},
        {{"tokenizer.file"}, "vocab_file vocab spm_model sentencepiece_model"},
        {{"tokenizer.coverage"}, "character_coverage"},
        {{"decoding.beam"}, "num_beams beam_size beam_width"},
        {{"decoding.n_best"}, "nbest num_return_sequences"},
        {{"decoding.length_penalty"}, "lenpen len_pen"},
        {{"decoding.max_length"}, "max_new_tokens max_decode_length"},
        {{"data.target_length", "decoding.max_length"}, "max_target_length"},
        {{"train.bleu.sentences"}, "eval_bleu"},
        {{"data.source_length"}, "max_source_length max_input_length max_article_length src_max_len"},
    };
    return table;
}

std::vector<OtherName> sorted_names() {
    std::vector<OtherName> names;
    for (const Row& row : rows()) {
        for (std::string_view rest = row.words; !rest.empty();) {
            const size_t end = std::min(rest.find(' '), rest.size());
            names.push_back({rest.substr(0, end), row.keys});
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    std::sort(names.begin(), names.end(), [](const OtherName& a, const OtherName& b) { return a.word < b.word; });
    return names;
}

}  // namespace

const std::vector<OtherName>& other_names() {
    static const std::vector<OtherName> names = sorted_names();
    return names;
}

std::string keys_of_other_name(std::string_view word) {
    std::string wanted = ascii_twin(word);
    std::replace(wanted.begin(), wanted.end(), '-', '_');
    const auto& names = other_names();
    const auto found =
        std::lower_bound(names.begin(), names.end(), wanted,
                         [](const OtherName& name, const std::string& text) { return name.word < text; });
    if (found == names.end() || found->word != wanted) return "";
    return listed({found->keys.begin(), found->keys.end()}, " or ");
}

}  // namespace heed
