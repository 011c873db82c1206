"""What the numbers support, in sentences.

verdict      what the latest test supports
endings      how arms came to an end that was not the run's
reasons      why the arms stand where they stand, the most important first
causes       such reasons, in gradients and activations
statistics_causes  such reasons, in BatchNorm's statistics
evidence     what the looks of a run have to show for a reason
conclusions  what a look inside supports
settings     what the settings are called, what a preset sets, how long it takes
classes      what is on the images
numerals     how numbers are written: very large and very small ones, and shares
terms        what every number and word on the pages means; the texts are in terms/
book         where in the book a term stands
"""
