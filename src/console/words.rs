//! What the console says, in English and Chinese, from one table: a word without a translation does not compile.

/// A language of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

impl Lang {
    pub(super) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The first known language of a list such as a browser sends.
    pub(super) fn of(list: &str) -> Self {
        let first = list.split([',', ';']).find_map(|tag| match tag.trim().get(..2) {
            Some("zh") => Some(Self::Zh),
            Some("en") => Some(Self::En),
            _ => None,
        });
        first.unwrap_or(Self::En)
    }

    /// As pages name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// As its readers name it.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }
}

macro_rules! words {
    ($($name:ident $en:literal $zh:literal;)*) => {
        /// A word or sentence of the console.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum W { $($name,)* }

        impl W {
            /// The word in a language.
            pub(super) const fn say(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$name, Lang::En) => $en, (Self::$name, Lang::Zh) => $zh,)*
                }
            }
        }
    };
}

words! {
    AboutAdminKey "Named under console.keys in the configuration, or made by `ambidex keys create NAME --admin`. Only its digest is kept." "在配置文件的 console.keys 中指定，或由 `ambidex keys create NAME --admin` 创建。系统只保存其摘要。";
    AboutBudgets "Money is promised before it is spent: what is spent and promised together never passes a hard limit. The mark shows where a budget will stand when its window ends, if it goes on like this." "先预留、后支出：已花费与已预留之和绝不会超过硬性上限。标记表示按目前的速度，周期结束时预算的状况。";
    AboutKeys "A key names who asks and which team pays, or who operates the gateway. Only a digest is kept: a lost key cannot be shown again, but it can be given a new secret." "密钥标明由谁提问、由哪个团队付费，或由谁管理网关。系统只保存摘要：丢失的密钥无法再次显示，但可以更换新的密钥值。";
    AboutModels "Models in this process. What they are given goes nowhere else." "运行在本进程中的模型。交给它们的内容不会发往别处。";
    AboutPlayground "Type a prompt, choose who asks, and see where the policy sends it and why, before anything is sent." "输入提示词，选择调用者，在发送之前先看策略会把它送往何处以及原因。";
    AboutTargets "Where requests can go. A test asks a server for what costs nothing; no prompt is sent." "请求可以去往的地方。测试只会向服务器查询不产生费用的内容，不会发送任何提示词。";
    Actions "Actions" "操作";
    Adapters "Adapters" "适配器";
    AdminKey "Admin key" "管理密钥";
    After "After" "之后";
    Agreed "agreed on" "意见一致";
    All "all" "全部";
    AllBudgets "All budgets" "所有预算";
    AllDecisions "All decisions" "全部决策";
    AllFacts "All facts that a policy can ask about" "策略可以询问的全部事实";
    AllModels "all models" "所有模型";
    AllStruckOut "matches, but none of its targets is left" "匹配，但其目标已全部被排除";
    And "and" "且";
    AnswerMax "Longest answer" "最长回答";
    Answered "answered" "已回答";
    AnswersAndTakesKey "Answers, and takes the key." "有响应，并接受密钥。";
    AnswersWithStatus "It answers with status" "响应状态码";
    AskedForAPause "asked for a pause" "请求暂停";
    AssertionsProved "Assertions proved" "已证明的断言";
    AtLeastAs "At least as sensitive as" "敏感级别下限";
    AtMost "Costs at most" "费用上限";
    AtWindowEnd "At the window’s end" "周期结束时";
    AvoidedCost "Avoided" "节省";
    AvoidedNote "answered here instead" "由本地回答";
    Backtest "On the past" "历史回测";
    BacktestOver "Try on the last" "回测最近";
    Because "because" "因为";
    Before "Before" "之前";
    BeingTried "being tried again" "正在试探";
    Billed "Billed" "已计费";
    BilledNote "by upstreams" "由上游计费";
    BilledPerHour "Billed per hour" "每小时费用";
    Budget "Budget" "预算";
    Budgets "Budgets" "预算";
    BudgetsOfKeys "Budgets that keys have of their own" "密钥自有的预算";
    BudgetsOfPolicy "Budgets of the policy" "策略中的预算";
    Busy "busy" "繁忙";
    Cached "from the cache" "来自缓存";
    CachedFrom "First given by" "首次回答于";
    Caller "Caller" "调用者";
    Candidate "candidate" "候选策略";
    Careful "not known for sure, so it applies" "无法确定，因此从严适用";
    Changed "Changed" "有变化";
    CheckAndCompare "Check and compare" "检查并比较";
    Checks "Checks" "检查结果";
    ClientGone "client left" "客户端离开";
    Compared "Agrees with the other answer" "与另一回答的一致程度";
    ComputesWith "Computes with" "计算方式";
    Cost "Cost" "费用";
    CoverageGaps "Rules that no test holds" "没有测试覆盖的规则";
    Created "Created" "创建于";
    DecidedToo "decided beside the policy in force" "次并行决策";
    Decision "Decision" "决策";
    DecisionId "Decision id" "决策编号";
    Decisions "Decisions" "决策";
    Declared "Declared" "声明级别";
    DoesNotWork "It does not work:" "无法使用：";
    EgressRemoved "No longer outside" "不再外发";
    EndShadow "End the shadow" "结束影子策略";
    EndsWith "Ends with" "末尾";
    Estimated "Estimated" "估算";
    EveryRequest "For every request" "对所有请求";
    Everybody "everybody" "所有人";
    Expired "cut off" "中断";
    Expires "Ends" "到期";
    Facts "Facts" "事实";
    Failed "Failed" "失败";
    FailedOn "failed on" "不满足";
    Failing "failing" "故障";
    Filter "Filter" "筛选";
    Finished "Finished" "已完成";
    FirstToken "first token after" "首个词元";
    FitsLocal "Fits the local model" "适合本地模型";
    ForAnswers "for answers" "用于生成";
    FormExpired "This form is too old. Go back, reload the page and try again." "表单已过期。请返回、刷新页面后重试。";
    FreeSeats "Free seats" "空闲席位";
    GivenUp "Given up" "已放弃";
    GoLive "Follow live" "实时跟踪";
    Grants "May" "权限";
    HasNoKey "It has no key." "没有密钥。";
    InForce "The policy is in force" "策略已生效";
    KeyShownOnce "The key. It is shown this once: keep it now." "密钥只显示这一次，请立即保存。";
    Keys "Keys" "密钥";
    Language "Language" "语言";
    Languages "Languages" "语言";
    LastDay "Last 24 h" "近 24 小时";
    Latency "Latency" "延迟";
    LatestDecisions "Latest decisions" "最新决策";
    LedgerUnreadable "The ledger cannot be read" "无法读取账本";
    LeftAlone "left alone" "暂停使用";
    LetItShadow "Let it shadow" "作为影子运行";
    Licence "Licence" "许可证";
    Limit "Limit" "上限";
    Limits "Limits" "限制";
    LimitsThatApply "Limits that apply" "适用的限制";
    Live "live" "实时";
    LoadedAndReads "Loaded, and reads text." "已加载，可以读取文本。";
    LocalModels "Local models" "本地模型";
    LongestPrompt "Longest prompt" "最长提示词";
    MachineTime "Machine time" "机器时间";
    MakeAKey "Make a key" "创建密钥";
    Matches "matches" "匹配";
    Memory "Memory" "内存";
    Mistakes "mistakes" "处错误";
    Model "Model" "模型";
    ModelAsked "Model asked for" "请求的模型";
    Models "Models" "模型";
    MoneyAndTime "Money and time" "费用与时间";
    Name "Name" "名称";
    NewEgress "new egress" "新增外发";
    NewKey "New key" "新密钥";
    No "no" "否";
    NoBudgetUsed "No budget has been touched in its current window." "当前周期内尚未使用任何预算。";
    NoDifference "No difference: proved for every request." "没有差异：已对所有请求证明。";
    NoDifferenceFound "No difference was found, but that there is none is not proved." "未发现差异，但尚未证明没有差异。";
    NoFacts "The facts were not kept." "未保存事实。";
    NoKeysYet "No key has been made here yet." "尚未创建密钥。";
    NoLimit "None." "无。";
    NoLongerMasked "no longer masked" "不再遮盖";
    NoModels "No target is a local model." "没有本地模型目标。";
    NoShadow "No policy shadows the one in force" "没有影子策略";
    NoSuchCaller "There is no such caller." "没有这个调用者。";
    NoText "The answer has no text." "回答中没有文本。";
    NoTrace "An earlier version decided this and kept no full trace." "由较早版本决策，未保存完整过程。";
    NobodyOutside "nobody: it stayed here" "无：请求留在本地";
    NoneFound "No sensitive value was found." "未发现敏感内容。";
    NotComplete "There may be more that is not shown." "可能还有未显示的变化。";
    NotFound "Not found" "未找到";
    NotInForceYet "not in force yet" "尚未生效";
    NotReplayed "could not be decided again" "条无法重新决策";
    NothingChanged "Nothing was changed" "没有任何改动";
    NothingHere "There is nothing at this address." "此地址没有内容。";
    NothingSentYet "Nothing has been sent." "尚未发送任何内容。";
    NothingToSend "There is nothing to decide on" "没有可供决策的内容";
    NothingWrong "Nothing is wrong with it" "没有发现错误";
    NothingYet "Nothing yet." "暂无数据。";
    OfMachineTime "of machine time" "机器时间";
    Off "off" "关闭";
    Older "Older decisions" "更早的决策";
    OpenDecision "open the decision" "查看决策";
    OpensConsole "console and admin API" "控制台与管理 API";
    OpensWhat "Opens" "用途";
    Operator "operator" "管理员";
    OtherFallbacks "other fallbacks" "备选不同";
    OtherTarget "another target" "目标不同";
    Outcome "Outcome" "结果";
    Overview "Overview" "概览";
    OwnMachine "own machine" "自有机器";
    OwnBudgets "Budgets (USD/window)" "预算（美元/周期）";
    Owner "owner" "负责人";
    Pages "Pages" "页面";
    Parameters "Parameters" "参数量";
    Playground "Playground" "试验场";
    Policy "Policy" "策略";
    PolicyEmbedded "This policy is the one in the binary. Set `policy:` to a file of your own to change it here." "当前为内置策略。请将 `policy:` 设为您自己的文件后再在此修改。";
    PolicyFile "Policy file" "策略文件";
    PolicyFileRefused "The policy file has mistakes" "策略文件有错误";
    PolicyInForce "Policy in force" "生效中的策略";
    PricePerMillion "$ per million, in / out" "每百万词元价格（入/出）";
    Promised "Promised" "已预留";
    Prompt "Prompt" "提示词";
    PromptExample "Summarize: our customer Jane Roe (card 4111 1111 1111 1111) was charged twice …" "总结：客户张伟（身份证号……）被重复扣费……";
    ProvedComplete "Nothing changes outside of these, whatever is up and whatever it costs: proved." "除此之外没有任何变化，无论目标状态与费用如何：已证明。";
    PutInForce "Put in force" "使其生效";
    Queued "Queued" "排队中";
    Refusals "Refused" "拒绝";
    Refused "refused" "已拒绝";
    RefusesKey "It answers, and refuses the key." "有响应，但拒绝该密钥。";
    Remarks "Warnings and remarks" "警告与备注";
    Replayed "Decided again" "重新决策";
    Requests "Requests" "请求";
    RequestsPerHour "Requests per hour" "每小时请求数";
    RequestsPerMinute "Requests per minute" "每分钟请求数";
    RevisionInForce "In force now:" "当前生效：";
    Revoke "Revoke" "吊销";
    Revoked "Revoked" "已吊销";
    Rotate "New secret" "更换密钥值";
    Route "Route" "路由";
    Routes "Routes" "路由";
    RoutesTried "Routes, in order" "依次尝试的路由";
    RulesHeld "Rules held by tests" "有测试保障的规则";
    RulesHeldNote "a test fails without them" "缺少时测试会失败";
    Running "running" "进行中";
    SameByCommand "The same as a command:" "等价命令：";
    Saw "saw" "看到";
    Scan "Scan" "扫描";
    SeeDecision "See the decision" "查看决策";
    SeenBy "Seen by" "经手服务器";
    Send "Send" "发送";
    Sensitivity "Sensitivity" "敏感级别";
    Shadow "Shadow" "影子策略";
    ShadowBegan "It decides beside the policy in force, and sends nothing" "它与生效策略并行决策，不发送任何内容";
    ShadowEnded "The shadow has ended" "影子策略已结束";
    SignIn "Sign in" "登录";
    SignOut "sign out" "退出";
    Since "since" "自";
    SkipToContent "Skip to content" "跳到正文";
    Soft "soft" "软性";
    Source "Source" "源文件";
    Spent "Spent" "已花费";
    State "State" "状态";
    StayedHere "stayed here" "留在本地";
    StopLive "Stop" "停止";
    StruckOut "Targets struck out" "被排除的目标";
    Subject "For" "对象";
    Target "Target" "目标";
    TargetFailed "target failed" "目标失败";
    Targets "Targets" "目标";
    TargetsInOrder "Targets, in order" "目标顺序";
    Task "Task" "任务";
    Team "Team" "团队";
    Teams "Teams" "团队";
    TestConnection "Test" "测试连接";
    TestsPass "Tests that pass" "通过的测试";
    TheAnswer "The answer" "回答";
    TheDecision "The decision" "决策";
    Time "Time" "时间";
    Today "Today" "今天";
    Tokens "tokens" "词元";
    TooManyWrongKeys "Too many wrong keys. Wait a minute." "错误次数过多，请稍候一分钟。";
    Trouble "That did not work" "操作未成功";
    Truncated "cut short" "被截断";
    TypeAPrompt "Type a prompt first." "请先输入提示词。";
    Unnoticed "could be taken out and no test would notice" "即使删除，也没有测试会发现";
    Unpriced "no price known" "价格未知";
    Unreached "is reached by no test" "没有测试触及";
    Up "up" "正常";
    Used "Used" "已使用";
    ValuesFound "Values found" "发现的内容";
    Verified "Verified" "核验";
    WaitNow "Wait now" "当前等待";
    WentOut "went out" "发往外部";
    WhatChanges "What changes" "有何变化";
    WhatIf "What if" "假设";
    WhatIfNote "Facts to assume, one per line, as in a policy’s tests" "假设的事实，每行一条，写法与策略测试相同";
    WhatWasFound "What was found" "检测结果";
    WhereRequestsWent "Where requests went" "请求去向";
    Widens "More leaves than before." "外发范围比以前更大。";
    WidensNothing "Nothing leaves that did not leave before." "没有新增的外发。";
    Window "Window" "周期";
    WouldCostAtMost "Would cost at most" "最多花费";
    WrongKey "This key opens nothing." "密钥无效。";
    Yes "yes" "是";
    Zone "Zone" "区域";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_known_language_counts() {
        for (list, lang) in [
            ("", Lang::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh),
            ("de-DE,de;q=0.9,zh;q=0.5", Lang::Zh),
            ("en-GB,zh", Lang::En),
            ("价格", Lang::En),
        ] {
            assert_eq!(Lang::of(list), lang, "{list}");
        }
    }
}
