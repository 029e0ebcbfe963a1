"""Which source the keys come from, by the settings."""

import os
from collections.abc import MutableMapping

from imageyard.app.files import DataDir
from imageyard.domain.secret import Secret
from imageyard.keyring.command import CommandKeys
from imageyard.keyring.environment import EnvironmentKeys
from imageyard.keyring.keyfile import KeyFiles
from imageyard.keyring.keys import KeySource
from imageyard.settings import KEYS, Settings


def of(settings: Settings, environment: MutableMapping[str, str] = os.environ) -> KeySource:
    """Keys that came in `environment` are taken out of it: what this process starts shall not inherit them."""
    match settings.key_source:
        case "env":
            return EnvironmentKeys(KEYS, Secret(environment.pop(KEYS, "")))
        case "command":
            return CommandKeys(settings.key_command)
        case "file":
            return KeyFiles(DataDir(settings.data_dir).keys)
