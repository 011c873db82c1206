"""The networks. A reader of the book begins here: norms, then lenet.

norms        batch norm written out as in the book; every norm by the axes it averages
part_norms   parts of batch norm: the mean alone, the variance alone, γ and β fixed
lenet        build_lenet: the chapter's network with named layers, and its initial weights
gru          a small GRU that reads an image row by row
steady       torch.nn's layers whose sums are the same with any number of threads
fast         torch.nn's pooling, norms of maps and convolution, the same in less time on a CPU, or torch.nn's
fast_convolution  … and how it computes convolutions,
fast_norms        norms of maps,
fast_pooling      and pooling
shortcuts    what all of these assume
images_last  a tensor of [N, C, H, W] that lies in memory as [C, H, W, N]
card         the same for a CUDA card
"""
