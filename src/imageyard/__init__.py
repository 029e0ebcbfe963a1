"""imageyard: registry sources and images, verified and kept in sync."""
