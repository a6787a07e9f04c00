from tests.support.chroma import chroma

__all__ = ["chroma"]
