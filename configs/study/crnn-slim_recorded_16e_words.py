# The recogniser on fewer words and for more epochs. Records all losses for tools/analysis/score_signal.py
# and benchmarks/score_fidelity.py. CTC losses are unreduced, so that they can be replayed in batches of any
# size.
_base_ = 'crnn-slim_6e_words.py'

model = dict(decoder=dict(module_loss=dict(reduction='none')))
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')),
    dataset=dict(
        datasets=[
            {**_base_.words_printed_train, 'indices': 1000},
            {**_base_.words_scene_train, 'indices': 1000},
        ]
    ),
)

max_epochs = 16
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs + 1)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs - 1)
default_hooks = dict(
    bls=dict(type='bls_mm.BLSHook'), checkpoint=dict(interval=max_epochs, max_keep_ckpts=1)
)
custom_hooks = [dict(type='bls_mm.research.LossRecorder', num_measured=500)]
