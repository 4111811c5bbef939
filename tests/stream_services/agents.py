"""What frameworks of agents send in the midst of an answer: steps that fail, and answers that do.

The tokens and the end are a RAG API's, or OpenAI's, in front of which they are used.
"""

from stream_services.service import DONE, HELLO, STOP, bad, good

# fmt: off
TOKENS = ({"type": "token", "content": "Hello"}, {"type": "token", "content": " there"})
END = ({"type": "complete"}, {"type": "end"})
bad("a-run-that-failed-and-is-finished", "https://github.com/agentscope-ai/agentscope-java/issues/2642",
    "no model", *TOKENS, {"type": "RUN_ERROR", "message": "no model"}, {"type": "RUN_FINISHED"}, *END,
    dialect="ask")
bad("an-event-with-its-words-as-data", "the form of https://github.com/FlowiseAI/Flowise/issues/5592",
    "upstream overloaded", *TOKENS, {"event": "error", "data": "upstream overloaded"}, *END, dialect="ask")
bad("a-message-marked-as-an-error", "agents whose results are messages", "upstream overloaded", *TOKENS,
    {"type": "message", "content": "upstream overloaded", "is_error": True}, *END, dialect="ask")
task = {"state": "failed", "message": {"role": "agent", "parts": [{"kind": "text", "text": "no quota"}]}}
bad("a-task-that-failed", "https://github.com/a2aproject/a2a-python/pull/147", "no quota", *HELLO,
    {"jsonrpc": "2.0", "id": "1", "result": {"kind": "status-update", "status": task}}, STOP, DONE)
bad("a-response-that-failed", "https://github.com/BerriAI/litellm/issues/32561", "expired", *HELLO,
    {"type": "response.failed", "response": {"status": "failed", "error": {"message": "expired"}}}, STOP,
    DONE)
good("a-tool-that-failed", "its error is what the model reads next", TOKENS[0],
     {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": "no such file"}, TOKENS[1],
     *END, dialect="ask")
good("a-list-of-tools-that-failed", "https://github.com/praxis-proxy/ai/issues/320", HELLO[0],
     b'event: response.mcp_list_tools.failed\ndata: {"type":"response.mcp_list_tools.failed"}\n\n', HELLO[1],
     STOP, DONE)
