# %% [markdown]
# # Sequence to sequence, as one writes it in a notebook
# %%
import torch
from gates import gru_step

torch.manual_seed(0)
E_, H_, V_ = 3, 4, 5


# %%
def last_states(states, lengths):
    """Each sentence's own last state."""
    picked = []
    for sentence in range(states.shape[0]):
        picked.append(states[sentence, int(lengths[sentence]) - 1, :])
    return torch.stack(picked, dim=0)


def encode(tokens, lengths, params):
    n_sentences, n_words = tokens.shape[0], tokens.shape[1]
    hidden_size = params["enc_w_h"].shape[0]
    embedded = torch.stack(
        [torch.stack([params["enc_embed"][i] for i in row], dim=0) for row in tokens], dim=0
    )
    h = torch.zeros(n_sentences, hidden_size, dtype=embedded.dtype, device=embedded.device)
    all_states = []
    t = 0
    while t < n_words:
        x_t = embedded[:, t, :]
        h = gru_step(x_t, h, params["enc_w_x"], params["enc_w_h"], params["enc_b_x"], params["enc_b_h"])
        all_states.append(h)
        t = t + 1
    all_states = torch.stack(all_states, dim=1)
    return all_states, last_states(all_states, lengths)


# %%
toy = {
    "enc_embed": torch.randn(V_, E_),
    "enc_w_x": torch.randn(E_, 3 * H_),
    "enc_w_h": torch.randn(H_, 3 * H_),
    "enc_b_x": torch.zeros(3 * H_),
    "enc_b_h": torch.zeros(3 * H_),
}
print(encode(torch.tensor([[0, 1, 2], [3, 4, 0]]), torch.tensor([3, 2]), toy)[1].shape)


# %%
def decode(context, params, start, end, max_length):
    sentences = []
    for i in range(context.shape[0]):
        c = context[i : i + 1]
        h = c
        word = start
        sentence = []
        for _ in range(max_length):
            embedded = params["dec_embed"][word].reshape(1, -1)
            x = torch.cat([embedded, c], dim=1)
            h = gru_step(x, h, params["dec_w_x"], params["dec_w_h"], params["dec_b_x"], params["dec_b_h"])
            logits = torch.matmul(h, params["out_w"]) + params["out_b"]
            probabilities = torch.softmax(logits, dim=1)
            word = int(torch.argmax(probabilities, dim=1)[0])
            sentence.append(word)
            if word == end:
                break
        sentences.append(sentence)
    longest = max(len(s) for s in sentences)
    for s in sentences:
        while len(s) < longest:
            s.append(end)
    return torch.tensor(sentences, dtype=torch.int64, device=context.device)
