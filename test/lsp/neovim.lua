-- What neovim.test.ts has Neovim do in an open workflow: wait for diagnostics, choose a code action as a person would, and write down what
-- there was to see. PIPEWARDEN_CHOOSE is the beginning of its title, PIPEWARDEN_AT a text that the cursor goes to.
local report = { version = vim.version(), titles = {} }
local patience = 60000

local function diagnostics()
  return vim.tbl_map(function(each)
    return {
      range = {
        start = { line = each.lnum, character = each.col },
        ["end"] = { line = each.end_lnum, character = each.end_col },
      },
      severity = each.severity,
      message = each.message,
      source = each.source,
      code = each.code or (each.user_data and each.user_data.lsp and each.user_data.lsp.code),
    }
  end, vim.diagnostic.get(0))
end

local function finish()
  report.lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  report.messages = vim.api.nvim_exec("messages", true)
  vim.fn.writefile({ vim.fn.json_encode(report) }, vim.env.PIPEWARDEN_REPORT)
  vim.cmd("qa!")
end

vim.wait(patience, function() return #vim.diagnostic.get(0) > 0 end, 20)
report.before = diagnostics()

vim.ui.select = function(items, options, choose)
  for _, item in ipairs(items) do
    local title = options.format_item(item)
    table.insert(report.titles, title)
    if not report.chosen and vim.startswith(title, vim.env.PIPEWARDEN_CHOOSE) then report.chosen = { title, item } end
  end
  if report.chosen then choose(report.chosen[2]) end
  report.chosen = report.chosen and report.chosen[1]
end

vim.fn.search([[\V]] .. vim.env.PIPEWARDEN_AT, "w")
local count = #report.before
local tick = vim.api.nvim_buf_get_changedtick(0)
vim.lsp.buf.code_action()
vim.wait(patience, function()
  return vim.api.nvim_buf_get_changedtick(0) ~= tick and #vim.diagnostic.get(0) < count
end, 20)
report.after = diagnostics()
finish()
