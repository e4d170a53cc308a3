"""The version of the product, in one place: packages, pages, OpenAPI documents and the image read it here."""

__version__ = "0.1.0"
