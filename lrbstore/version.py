"""The package's version; ``SCHEMA_VERSION`` of the store on disk is another thing, see :mod:`lrbstore.manifest`."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lrbstore")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0+checkout"
