from small_data import config_of, words_run

__all__ = ['config_of', 'words_run']
