"""Validation loops with other loaders than one ``DataLoader``."""

from mmengine.runner import BaseLoop


class Validation(BaseLoop):
    """A validation that only calls the hooks.

    Args:
        runner (Runner): The runner.
        loader (object): What the loop has as its ``dataloader``.
    """

    def __init__(self, runner, loader) -> None:
        self._runner = runner
        self.dataloader = loader

    def run(self) -> None:
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        self.runner.call_hook('after_val_epoch', metrics={})
        self.runner.call_hook('after_val')


class SeveralValidations(Validation):
    """Validates on several data sets, as MMagic's ``MultiValLoop`` does.

    Args:
        runner (Runner): The runner.
        configs (list[dict]): The loaders.
    """

    def __init__(self, runner, configs) -> None:
        super().__init__(runner, [runner.build_dataloader(config) for config in configs])
