"""The REST door: `/oapis/image.theriseunion.io/v1alpha1`. One file per verb: parse, call a use case, render."""
